use cpi_plugin_sdk::ApiError;
use cpi_plugin_sdk::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

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

    /// Writes a row that must be new, in a table that is made where it is missing; false when there is such a row.
    pub(crate) async fn insert(&self, stemcell: &str, account: &str, status: &str) -> Result<bool, ApiError> {
        match self.write_new(stemcell, account, status).await {
            Err(error) if error.is(&["TableNotFound"]) => {
                self.create().await?;
                self.write_new(stemcell, account, status).await
            }
            written => written,
        }
    }

    async fn write_new(&self, stemcell: &str, account: &str, status: &str) -> Result<bool, ApiError> {
        let request = service::tables(&self.account, Method::Post, format!("{}/{NAME}", self.base))
            .header("prefer", "return-no-content")
            .json(&entity(stemcell, account, status));
        is_new(service::send("Insert Entity", request, &[]).await.map(drop))
    }

    async fn create(&self) -> Result<(), ApiError> {
        let request = service::tables(&self.account, Method::Post, format!("{}/Tables", self.base));
        let made = service::send("Create Table", request.json(&json!({"TableName": NAME})), &[]).await;
        is_new(made.map(drop)).map(drop)
    }

    /// Replaces a row; false when it is gone.
    pub(crate) async fn update(&self, stemcell: &str, account: &str, status: &str) -> Result<bool, ApiError> {
        let request = service::tables(&self.account, Method::Put, self.row(stemcell, account))
            .header("if-match", "*")
            .json(&entity(stemcell, account, status));
        Ok(service::send("Update Entity", request, &[404]).await?.status != 404)
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

fn entity(stemcell: &str, account: &str, status: &str) -> Value {
    json!({"PartitionKey": key(stemcell), "RowKey": key(account), "Status": status})
}

/// Whether something was made, and not there already.
fn is_new(made: Result<(), ApiError>) -> Result<bool, ApiError> {
    match made {
        Ok(()) => Ok(true),
        Err(error) if error.is(&["EntityAlreadyExists", "TableAlreadyExists"]) => Ok(false),
        Err(error) => Err(error),
    }
}
