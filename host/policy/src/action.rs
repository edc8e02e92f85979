//! The action of a form-encoded request, in the one reading on which host and service must agree.

/// Why the body of a request has no usable action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoAction {
    /// The body is not a form.
    NotAForm,
    /// The query of the URL carries the field, where a service might read it instead of the body.
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
    let essence = content_type.and_then(|text| text.split(';').next()).map(str::trim);
    if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
        return Err(NoAction::NotAForm);
    }
    if query.is_some_and(|query| form(query.as_bytes()).any(|(key, _)| key.eq_ignore_ascii_case(field))) {
        return Err(NoAction::InQuery);
    }
    let mut values = form(body).filter(|(key, _)| key.trim().eq_ignore_ascii_case(field));
    match (values.next(), values.next()) {
        (None, _) => Err(NoAction::Missing),
        (Some((key, value)), None) if key == field => Ok(value.into_owned()),
        _ => Err(NoAction::Ambiguous),
    }
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
        for body in ["Action=A&Action=B", "Action=A&action=B", "ACTION=A", "Action=A&Action=", "%41ction=A&Action=B"] {
            assert_eq!(action(body), Err(NoAction::Ambiguous), "{body}");
        }
    }

    #[test]
    fn only_forms_have_actions_and_only_in_the_body() {
        assert_eq!(of_form("Action", Some("application/json"), None, b"Action=A"), Err(NoAction::NotAForm));
        assert_eq!(of_form("Action", None, None, b"Action=A"), Err(NoAction::NotAForm));
        let form = Some("application/x-www-form-urlencoded");
        assert_eq!(of_form("Action", form, Some("Action=B"), b"Action=A"), Err(NoAction::InQuery));
    }
}
