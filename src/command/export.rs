//! `berth export`: the catalogue as the file that declares it.

use super::{Stop, data};
use crate::config::Config;
use crate::service::export;
use crate::store::Access;

pub async fn run(config: &Config) -> Result<(), Stop> {
    let store = data::open(config, Access::Read).await?;
    let catalogue = store.catalogue().await.map_err(Stop::failed)?;
    store.close().await;
    print!("{}", export::catalogue(&catalogue));
    Ok(())
}
