//! What can be done and what rules can be about: the domain's own tables, for whoever builds forms on this API.
//!
//! A page that reads them here can't offer what the API refuses, and shows a new verb without being changed.

use axum::Json;
use domain::{
    catalogue::{self, Reversibility, Shape, Verb},
    policy::{Field, FieldType, Op},
    signal::Domain,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    caller::{Person, Read},
    wire::words,
};

/// The tables.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Catalogue {
    /// Everything that can be done.
    verbs: Vec<Row>,
    /// Everything a condition can compare.
    conditions: Vec<Comparable>,
}

/// One verb.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CatalogueVerb)]
pub(crate) struct Row {
    #[schema(value_type = words::Verb)]
    verb: Verb,
    /// The domain it counts in.
    #[schema(value_type = words::Domain)]
    domain: Domain,
    /// What it is called in a sentence.
    phrase: &'static str,
    /// It can be taken back: always, within the seconds below, or not at all.
    undo: Undo,
    /// How long, where there is an end.
    undo_seconds: Option<i64>,
    /// What it takes.
    parameters: Vec<Parameter>,
}

/// Whether a verb can be taken back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CatalogueUndo)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Undo {
    Always,
    ForAWhile,
    Never,
}

/// One parameter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CatalogueParameter)]
pub(crate) struct Parameter {
    name: &'static str,
    /// What it must look like.
    #[schema(value_type = words::Shape)]
    shape: Shape,
    /// Without it the action can't run.
    required: bool,
    /// It says what the action is done to: an edit can't change it.
    target: bool,
}

/// One field of a condition.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Comparable {
    #[schema(value_type = words::Field)]
    field: Field,
    /// What it is compared with.
    #[schema(value_type = words::FieldType)]
    takes: FieldType,
    /// How it can be compared.
    #[schema(value_type = Vec<words::Operator>)]
    operators: &'static [Op],
    /// Every value there is, where they are a closed list.
    values: Option<Vec<Value>>,
}

fn row(verb: Verb) -> Row {
    let spec = catalogue::spec(verb);
    let (undo, undo_seconds) = match spec.reversibility {
        Reversibility::Full => (Undo::Always, None),
        Reversibility::Window(grace) => (Undo::ForAWhile, Some(grace.num_seconds())),
        Reversibility::No => (Undo::Never, None),
    };
    let parameters = spec.parameters.iter().map(|parameter| Parameter {
        name: parameter.name,
        shape: parameter.shape,
        required: parameter.required,
        target: parameter.target,
    });
    Row { verb, domain: spec.domain, phrase: spec.phrase, undo, undo_seconds, parameters: parameters.collect() }
}

fn comparable(field: Field) -> Comparable {
    let takes = field.takes();
    let values = match takes {
        FieldType::Truth => Some(vec![Value::Bool(true), Value::Bool(false)]),
        other => other.words().map(|words| words.into_iter().map(Value::from).collect()),
    };
    Comparable { field, takes, operators: field.operators(), values }
}

/// What can be done, with which parameters, and what conditions of policies can compare.
#[utoipa::path(get, path = "/catalogue", tag = "policies", security(("token" = ["read"])), responses(
    (status = 200, description = "The tables.", body = Catalogue),
))]
pub(crate) async fn get(_: Person<Read>) -> Json<Catalogue> {
    Json(Catalogue {
        verbs: Verb::ALL.iter().copied().map(row).collect(),
        conditions: Field::ALL.iter().copied().map(comparable).collect(),
    })
}
