//! What stands in the address: query parameters and ids.
//!
//! An unknown parameter is a mistake (a misspelt filter would show everything); an id that is none names nothing: 404.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use domain::id::Id;
use serde::de::DeserializeOwned;

use crate::{body, problem::Problem};

/// The query parameters, read into `T`.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = parts.uri.query().unwrap_or_default();
        // An empty value is an empty box of a form: it asks for nothing. A NUL can be in no row.
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(text).unwrap_or_default();
        if let Some((name, _)) = pairs.iter().find(|(_, value)| value.contains('\0')) {
            return Err(Problem::one(name.replace('\0', "\\0"), "holds a NUL character; leave it out"));
        }
        let filled: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let text = serde_urlencoded::to_string(filled).unwrap_or_default();
        let parsed = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(form(text.as_bytes())));
        parsed.map(Self).map_err(|error| {
            let fault = body::fault(&error);
            Problem::one(fault.path.trim_start_matches('/'), fault.reason)
        })
    }
}

fn form(text: &[u8]) -> url::form_urlencoded::Parse<'_> {
    url::form_urlencoded::parse(text)
}

/// The `{id}` of the path.
pub(crate) struct At<K>(pub(crate) Id<K>);

impl<S: Send + Sync, K> FromRequestParts<S> for At<K> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = RawPathParams::from_request_parts(parts, state).await;
        let params = found.map_err(|_| Problem::not_found("thing"))?;
        let text = params.iter().find(|(name, _)| *name == "id").map(|(_, text)| text);
        text.and_then(|text| text.parse().ok()).map(Self).ok_or_else(|| Problem::not_found("thing"))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use futures::FutureExt;
    use proptest::prelude::*;

    use super::*;
    use crate::{cursor::Paging, problem::Code};

    fn read<T: DeserializeOwned>(query: &str) -> Option<Result<T, Problem>> {
        let (mut parts, ()) = Request::get(format!("/x?{query}")).body(()).ok()?.into_parts();
        let read = Query::<T>::from_request_parts(&mut parts, &()).now_or_never()?;
        Some(read.map(|Query(read)| read))
    }

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn parameters_are_read_or_refused_with_their_name_and_hold_no_nul(
            value in fuzz::text_of(&["%00", "abc", "%zz", "+", ";", "%F0%9F", "&limit=", "50", "&cursor=", "?"])
        ) {
            match read::<Paging>(&format!("cursor={value}")) {
                Some(Ok(paging)) => {
                    prop_assert!(paging.cursor.is_none_or(|cursor| !cursor.contains('\0') && !cursor.is_empty()));
                }
                Some(Err(problem)) => prop_assert_eq!(problem.code(), Code::Invalid),
                None => {}
            }
        }
    }

    #[test]
    fn an_empty_parameter_asks_for_nothing_and_a_misspelt_one_is_refused() {
        assert!(read::<Paging>("cursor=&limit=").unwrap().unwrap().limit.is_none());
        for wrong in ["limt=5", "limit=many", "limit=5&limit=6", "cursor=%00"] {
            assert!(read::<Paging>(wrong).unwrap().is_err(), "{wrong}");
        }
    }
}
