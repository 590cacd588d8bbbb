//! `berth export`: the catalogue as the file that declares it.

use service::export;
use store::Access;

use super::{Stop, data};
use crate::config::Config;

pub async fn run(config: &Config) -> Result<(), Stop> {
    let store = data::open(config, Access::Read).await?;
    let catalogue = store.catalogue().await.map_err(Stop::failed)?;
    store.close().await;
    print!("{}", export::catalogue(&catalogue));
    Ok(())
}
