//! Writes the JavaScript that loads the browser code: `berth-glue INPUT.wasm FOLDER`, as scripts/site calls it.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(input), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("Usage: berth-glue INPUT.wasm FOLDER".into());
    };
    wasm_bindgen_cli_support::Bindgen::new()
        .input_path(input)
        .web(true)?
        .typescript(false)
        .out_name("berth")
        .generate(folder)?;
    Ok(())
}
