use cpi_plugin_sdk::ApiError;
use cpi_plugin_sdk::http::Method;
use serde::Deserialize;

use super::row::{Row, key};
use super::{Account, service};
use crate::arm::Arm;

/// The table of an account that says which accounts have which stemcell.
#[derive(Debug)]
pub(crate) struct Table {
    account: Account,
    base: String,
}

const NAME: &str = "stemcells";

#[derive(Deserialize)]
struct Rows {
    value: Vec<Row>,
}

impl Table {
    /// The place of the table; accounts without tables have none.
    pub(crate) fn of(arm: &Arm, account: &Account) -> Option<Self> {
        Some(Self { account: account.clone(), base: account.tables(&arm.settings)? })
    }

    pub(crate) async fn is_there(&self) -> Result<bool, ApiError> {
        let url = format!("{}/Tables('{NAME}')", self.base);
        let answer = service::send("Query Tables", service::tables(&self.account, Method::Get, url), &[404]).await?;
        Ok(answer.status != 404)
    }

    /// The rows of a stemcell; none where there is no table.
    pub(crate) async fn rows(&self, stemcell: &str) -> Result<Vec<Row>, ApiError> {
        let filter = format!("PartitionKey%20eq%20%27{}%27", key(stemcell));
        let url = format!("{}/{NAME}()?$filter={filter}", self.base);
        let answer = service::send("Query Entities", service::tables(&self.account, Method::Get, url), &[404]).await?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        let wrong = |error: serde_json::Error| ApiError::Client {
            operation: "Query Entities".into(),
            message: error.to_string(),
        };
        let rows: Rows = answer.json().map_err(wrong)?;
        Ok(rows.value)
    }

    /// Removes a row, if it is there.
    pub(crate) async fn delete(&self, stemcell: &str, account: &str) -> Result<(), ApiError> {
        let request =
            service::tables(&self.account, Method::Delete, self.row(stemcell, account)).header("if-match", "*");
        service::send("Delete Entity", request, &[404]).await.map(drop)
    }

    fn row(&self, stemcell: &str, account: &str) -> String {
        format!("{}/{NAME}(PartitionKey='{}',RowKey='{}')", self.base, key(stemcell), key(account))
    }
}
