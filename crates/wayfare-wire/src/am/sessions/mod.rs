//! `sessions`: what is asked about sessions and what is told.
//!
//! A request is read into an [`Ask`] or a [`Search`]; the embedder looks up what they name and decides who
//! may; the replies are written here. Deliberately not here: what a session is, where it is kept, and who
//! administers a realm.

mod ask;
mod info;
mod logout;
mod name;
mod properties;
mod query;

pub use self::{
    ask::{Action, Ask},
    info::{Info, active, idle, idle_max, refreshed, time_left, time_max, told, validated},
    logout::{LoggedOut, Logout, handle_of, logged_out, logged_out_by_handle, logged_out_by_user},
    name::{instant, time, universal_id},
    properties::{AllowList, changed, names, shown, some},
    query::{Search, found},
};

pub(in crate::am) use self::query::close_list;

use crate::am::{
    error::Refusal,
    reply::Reply,
    version::{Served, Version},
};

impl Refusal {
    /// The reply of a JSON resource.
    pub fn resource(&self, served: Option<Served>) -> Reply {
        let reply = self.reply(Some(Version::new(2, 0))).into_resource();
        match served {
            Some(served) => reply.served(served),
            None => reply,
        }
    }
}
