use cpi_plugin_sdk::ApiError;
use cpi_plugin_sdk::http::Response;

use super::xml;

/// Texts of storage are short; what is longer is a page of some proxy.
const LONGEST: usize = 2000;

/// An answer of storage that is an error: a code in a header, and a text in XML or, from tables, in JSON.
pub(super) fn of_answer(operation: &str, answer: &Response) -> ApiError {
    let text = answer.text();
    let code = answer.header("x-ms-error-code").map(str::to_owned).or_else(|| xml::text_of(&text, "Code"));
    let message = xml::text_of(&text, "Message").or_else(|| {
        let document: serde_json::Value = answer.json().ok()?;
        document.pointer("/odata.error/message/value")?.as_str().map(str::to_owned)
    });
    let message = message.and_then(|text| text.lines().next().map(str::to_owned));
    ApiError::Service {
        operation: operation.to_owned(),
        code: code.unwrap_or_else(|| format!("HTTP {}", answer.status)),
        message: message.unwrap_or_else(|| format!("status {}", answer.status)).chars().take(LONGEST).collect(),
        request_id: answer.header("x-ms-request-id").map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use cpi_plugin_sdk::http::Header;

    use super::*;

    fn shown(code: Option<&str>, body: &str) -> String {
        let headers = code.map(|code| Header { name: "x-ms-error-code".into(), value: code.into() });
        let answer = Response { status: 404, headers: headers.into_iter().collect(), body: body.into() };
        of_answer("op", &answer).to_string()
    }

    #[test]
    fn the_code_is_in_the_header_or_in_the_text() {
        let xml =
            "\u{feff}<?xml version=\"1.0\"?><Error><Code>BlobNotFound</Code><Message>no blob\nTime:1</Message></Error>";
        assert_eq!(shown(None, xml), "op: BlobNotFound: no blob");
        assert_eq!(shown(Some("BlobNotFound"), ""), "op: BlobNotFound: status 404");
        let json = r#"{"odata.error": {"code": "TableNotFound", "message": {"lang": "en", "value": "no table"}}}"#;
        assert_eq!(shown(Some("TableNotFound"), json), "op: TableNotFound: no table");
        assert_eq!(shown(None, "<html"), "op: HTTP 404: status 404");
    }
}
