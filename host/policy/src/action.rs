//! The action of a form-encoded request, in the one reading on which host and service must agree.

/// Why the body of a request has no usable action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoAction {
    /// The body is not a form.
    NotAForm,
    /// The URL has a query, where a service might read the field instead of the body.
    InQuery,
    /// The field is missing.
    Missing,
    /// The field is there more than once, or once in another spelling.
    Ambiguous,
}

/// The value of `field` in a form.
pub(crate) fn of_form(
    field: &str,
    content_type: Option<&str>,
    query: Option<&str>,
    body: &[u8],
) -> Result<String, NoAction> {
    if !content_type.is_some_and(is_form) {
        return Err(NoAction::NotAForm);
    }
    if query.is_some() {
        return Err(NoAction::InQuery);
    }
    // A server that splits at semicolons, or drops what is not a letter, would find other fields than we do.
    let plain = |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if body.contains(&b';') || form(body).any(|(key, _)| !plain(&key)) {
        return Err(NoAction::Ambiguous);
    }
    let mut values = form(body).filter(|(key, _)| key.eq_ignore_ascii_case(field));
    match (values.next(), values.next()) {
        (None, _) => Err(NoAction::Missing),
        (Some((key, value)), None) if key == field => Ok(value.into_owned()),
        _ => Err(NoAction::Ambiguous),
    }
}

/// `application/x-www-form-urlencoded`, in UTF-8 if it says in which letters.
fn is_form(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.next().as_deref() == Some("application/x-www-form-urlencoded") && parts.all(|part| part == "charset=utf-8")
}

fn form(text: &[u8]) -> url::form_urlencoded::Parse<'_> {
    url::form_urlencoded::parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(body: &str) -> Result<String, NoAction> {
        of_form("Action", Some("application/x-www-form-urlencoded; charset=utf-8"), None, body.as_bytes())
    }

    #[test]
    fn there_is_exactly_one_action_or_none() {
        assert_eq!(action("Action=RunInstances&Version=1").unwrap(), "RunInstances");
        assert_eq!(action("Version=1"), Err(NoAction::Missing));
        for body in [
            "Action=A&Action=B",
            "Action=A&action=B",
            "ACTION=A",
            "Action=A&Action=",
            "%41ction=A&Action=B",
            "x=1;Action=B&Action=A",
            "Action%00=B&Action=A",
            "%EF%BB%BFAction=B&Action=A",
            "?Action=B&Action=A",
        ] {
            assert_eq!(action(body), Err(NoAction::Ambiguous), "{body}");
        }
    }

    #[test]
    fn only_forms_have_actions_and_only_in_the_body() {
        assert_eq!(of_form("Action", Some("application/json"), None, b"Action=A"), Err(NoAction::NotAForm));
        assert_eq!(of_form("Action", None, None, b"Action=A"), Err(NoAction::NotAForm));
        let form = Some("application/x-www-form-urlencoded");
        assert_eq!(of_form("Action", form, Some("Action=B"), b"Action=A"), Err(NoAction::InQuery));
        let other = Some("application/x-www-form-urlencoded; charset=utf-16");
        assert_eq!(of_form("Action", other, None, b"Action=A"), Err(NoAction::NotAForm));
    }
}
