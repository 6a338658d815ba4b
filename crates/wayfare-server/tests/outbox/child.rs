//! A server in a process of its own, which mails.

use crate::{
    smtp::{Mailer, mailing},
    support::{Process, cheap, serve},
};

/// The test that is a server.
const SERVER: &str = "outbox::child::a_server_when_it_is_told_to_be_one";

/// A server whose data, journeys and settings are beside the files of a mail server.
pub(super) async fn start(mailer: &Mailer) -> Process {
    let folder = mailer.folder.path();
    let table = mailer.table("none", "sms_gateway = \"sms.example.com\"");
    std::fs::write(folder.join("mail.toml"), table).expect("a file");
    Process::start(SERVER, folder).await
}

#[test]
fn a_server_when_it_is_told_to_be_one() {
    serve(|folder| {
        let mut config = cheap(&folder.join("data"));
        let table = std::fs::read_to_string(folder.join("mail.toml")).expect("a table");
        mailing(&mut config, folder, folder, &table);
        config
    });
}
