//! What is told of the configuration.

use serde_json::Value;

use super::{Body, List};
use crate::{
    am::{
        reply::{Reply, ResourceReply},
        revision::of_bytes,
        version::Served,
    },
    json::Writer,
};

/// The revision by which clients call what an object is now.
///
/// It names the contents without `_id` and `_rev`: what is the same again has the same revision.
pub fn revision(body: &Body) -> String {
    let mut draft = Writer::with_capacity(1_024);
    draft.open_object();
    for (key, value) in body {
        if !matches!(key.as_str(), "_id" | "_rev") {
            draft.key(key).json(value);
        }
    }
    draft.close_object();
    // As the product's: a whole number of 32 bits, of either sign.
    of_bytes(&draft.into_bytes()).cast_signed().to_string()
}

/// Writes an object with its id and its revision in front; of the others, those that are wanted.
fn write(out: &mut Writer, id: &str, body: &Body, fields: &[String]) {
    out.open_object();
    out.key("_id").text(id);
    out.key("_rev").text(&revision(body));
    for (key, value) in body {
        let wanted = fields.is_empty() || fields.iter().any(|field| field == key);
        if wanted && !matches!(key.as_str(), "_id" | "_rev") {
            out.key(key).json(value);
        }
    }
    out.close_object();
}

/// The reply about one of them: as it is, or as it was.
pub fn one(id: &str, body: &Body, fields: &[String], served: Served) -> Reply {
    let mut out = Writer::with_capacity(1_024);
    write(&mut out, id, body, fields);
    Reply::new(200)
        .resource(out, ResourceReply::Read)
        .header("etag", format!("\"{}\"", revision(body)))
        .served(served)
}

/// The reply to a change; where it is new, with the place where it stands.
pub fn changed(id: &str, body: &Body, place: Option<String>, served: Served) -> Reply {
    let mut reply = one(id, body, &[], served);
    if let Some(place) = place {
        reply.status = 201;
        reply = reply.header("location", place);
    }
    reply
}

/// The reply to a list: the page that is wanted of all that fit, in the order given.
pub fn listed<'b>(
    all: impl ExactSizeIterator<Item = (&'b str, &'b Body)>,
    list: &List,
    served: Served,
) -> Reply {
    let total = all.len();
    let mut out = Writer::with_capacity(4_096);
    out.open_object().key("result").open_array();
    let mut count = 0_usize;
    for (id, body) in all.skip(list.offset).take(list.size.unwrap_or(usize::MAX)) {
        write(&mut out, id, body, &list.fields);
        count += 1;
    }
    out.close_array();
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    out.key("resultCount").int(number(count));
    let next = list.offset.saturating_add(count);
    let cookie = out.key("pagedResultsCookie");
    if list.size.is_some() && next < total {
        cookie.text(&next.to_string());
    } else {
        cookie.null();
    }
    let policy = if list.counted { "EXACT" } else { "NONE" };
    out.key("totalPagedResultsPolicy").text(policy);
    let total = if list.counted { number(total) } else { -1 };
    out.key("totalPagedResults").int(total);
    out.key("remainingPagedResults").int(-1);
    out.close_object();
    Reply::new(200)
        .resource(out, ResourceReply::Read)
        .served(served)
}

/// The reply to something else.
pub fn actions(told: &Value, served: Served) -> Reply {
    let mut out = Writer::with_capacity(4_096);
    out.json(told);
    Reply::new(200)
        .resource(out, ResourceReply::Action)
        .served(served)
}
