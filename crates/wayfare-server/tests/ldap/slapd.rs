//! A directory of the test's own: Debian's `slapd` with its policy overlay, on ports of the loopback, from
//! the files beside this one, with a certificate that is made here.
//!
//! Where `slapd` or `openssl` is missing the tests say that they are skipped; with `WAYFARE_LDAP=required`
//! that is a failure.

use std::{
    collections::HashSet,
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use ldap3::{Ldap, LdapConnAsync, LdapResult, Mod, Scope, SearchEntry, SearchResult};
use tempfile::TempDir;
use wayfare::engine::effect::LdapSecurity;
use wayfare_server::config::{ClientCertificate, DirectorySettings, SecretSource};

/// How long a directory may take to begin.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory that ends with the test.
pub(crate) struct Slapd {
    child: Child,
    pub(crate) plain: u16,
    pub(crate) tls: u16,
    folder: TempDir,
}

/// The user of the demo.
const DEMO: [(&str, &str); 9] = [
    ("objectClass", "inetOrgPerson"),
    ("uid", "demo"),
    ("cn", "Demo"),
    ("sn", "Demo"),
    ("givenName", "Demo"),
    ("mail", "demo@example.com"),
    ("l", "Bonn"),
    ("departmentNumber", "staff"),
    ("userPassword", "Ch4ng31t"),
];

/// Who is in a directory.
#[derive(Clone, Copy, PartialEq)]
enum People {
    All,
    Demo,
}

impl People {
    fn file(self, beside: &Path, folder: &Path) -> PathBuf {
        let all = beside.join("people.ldif");
        if self == Self::All {
            return all;
        }
        let text = fs::read_to_string(all).expect("people");
        let (without, _) = text
            .split_once("dn: uid=ada")
            .expect("the first of the people");
        // The password of the demo is short.
        let without = without.replace("pwdMinLength: 10", "pwdMinLength: 8");
        let lines = DEMO.map(|(name, value)| format!("{name}: {value}\n"));
        let lines = lines.concat();
        let demo = format!("dn: uid=demo,ou=people,dc=example,dc=com\n{lines}");
        let path = folder.join("demo.ldif");
        fs::write(&path, format!("{without}{demo}")).expect("people");
        path
    }
}

fn program(name: &str) -> Option<PathBuf> {
    [
        "/usr/sbin",
        "/usr/bin",
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/libexec",
    ]
    .iter()
    .map(|folder| Path::new(folder).join(name))
    .find(|path| path.exists())
}

fn run(command: &mut Command) {
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

impl Slapd {
    /// A directory with the people of `people.ldif`.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with("", People::All)
    }

    /// One with nobody in it but the user of the demo.
    pub(crate) fn of_one() -> Option<Self> {
        Self::start_with("", People::Demo)
    }

    /// One that asks whoever connects for a certificate, and takes whose name is `server` for its account.
    pub(crate) fn demanding() -> Option<Self> {
        Self::start_with(
            "TLSVerifyClient demand\nauthz-regexp \"^cn=server$\" \
             \"cn=server,ou=services,dc=example,dc=com\"",
            People::All,
        )
    }

    /// One with these settings besides.
    fn start_with(more: &str, people: People) -> Option<Self> {
        let (Some(slapd), Some(add), Some(openssl)) =
            (program("slapd"), program("slapadd"), program("openssl"))
        else {
            let required = std::env::var("WAYFARE_LDAP").is_ok_and(|value| value == "required");
            assert!(!required, "there is no slapd or openssl");
            eprintln!("skipped: there is no slapd or openssl");
            return None;
        };
        let folder = TempDir::new().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        certificate(&openssl, folder.path());
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ldap");
        let text = fs::read_to_string(beside.join("slapd.conf")).expect("the settings");
        let text = text.replace("FOLDER", &folder.path().to_string_lossy());
        let text = text.replace("# MORE", more);
        fs::write(at("slapd.conf"), text).expect("the settings are written");
        fs::create_dir(at("db")).expect("a folder");
        run(Command::new(add)
            .arg("-q")
            .arg("-f")
            .arg(at("slapd.conf"))
            .arg("-l")
            .arg(people.file(&beside, folder.path())));
        fs::write(at("secret"), "server-secret\n").expect("a secret");
        fs::write(at("demo"), "Ch4ng31t\n").expect("a secret");
        let (plain, tls) = (free_port(), free_port());
        let child = Command::new(&slapd)
            .args(["-d", "0", "-h"])
            .arg(format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{tls}"))
            .arg("-f")
            .arg(at("slapd.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut started = Self {
            child,
            plain,
            tls,
            folder,
        };
        assert!(started.answers(), "slapd does not answer");
        Some(started)
    }

    fn answers(&mut self) -> bool {
        let begun = Instant::now();
        // BOUND: as long as the patience lasts.
        while begun.elapsed() < PATIENCE {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.tls)).is_ok() {
                return true;
            }
            std::thread::yield_now();
        }
        false
    }

    /// A connection as the account of the server.
    async fn opened(&self) -> Ldap {
        let (connection, mut ldap) =
            LdapConnAsync::new(&format!("ldap://127.0.0.1:{}", self.plain))
                .await
                .expect("a connection");
        tokio::spawn(async move {
            let _ = connection.drive().await;
        });
        let bound = ldap.simple_bind("cn=server,ou=services,dc=example,dc=com", "server-secret");
        bound.await.and_then(LdapResult::success).expect("a bind");
        ldap
    }

    /// Has nobody in it but the user of the demo, as at the beginning.
    pub(crate) async fn begin_again(&self) {
        const PEOPLE: &str = "ou=people,dc=example,dc=com";
        let mut ldap = self.opened().await;
        let found = ldap.search(PEOPLE, Scope::OneLevel, "(objectClass=*)", vec!["1.1"]);
        let (found, _) = found.await.and_then(SearchResult::success).expect("people");
        for entry in found {
            let gone = ldap.delete(&SearchEntry::construct(entry).dn).await;
            gone.and_then(LdapResult::success).expect("a deletion");
        }
        let attributes = DEMO.map(|(name, value)| (name, HashSet::from([value])));
        let made = ldap
            .add(&format!("uid=demo,{PEOPLE}"), attributes.to_vec())
            .await;
        made.and_then(LdapResult::success).expect("an entry");
    }

    /// Has an entry have these values, as whoever runs the directory does.
    pub(crate) async fn set(&self, dn: &str, attribute: &str, values: &[&str]) {
        let values: HashSet<&str> = values.iter().copied().collect();
        let change = vec![Mod::Replace(attribute, values)];
        let done = self.opened().await.modify(dn, change).await;
        done.and_then(LdapResult::success).expect("a change");
    }

    /// The values of an entry; `None` where there is no entry.
    pub(crate) async fn get(&self, dn: &str, attribute: &str) -> Option<Vec<String>> {
        let mut ldap = self.opened().await;
        let found = ldap.search(dn, Scope::Base, "(objectClass=*)", vec![attribute]);
        let (found, _) = found.await.expect("a search").success().ok()?;
        let entry = SearchEntry::construct(found.into_iter().next()?);
        Some(entry.attrs.get(attribute).cloned().unwrap_or_default())
    }

    /// Where its authority's certificate is.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate of its authority's with the name `server`, and one that has the name and vouches for
    /// itself.
    pub(crate) fn shown(&self, own: bool) -> ClientCertificate {
        let name = if own { "server" } else { "stranger" };
        ClientCertificate {
            certificate: self.folder.path().join(format!("{name}.pem")),
            key: self.folder.path().join(format!("{name}.key")),
        }
    }

    /// Where it is, and the account of the server in it.
    pub(crate) fn directory(&self, security: LdapSecurity) -> DirectorySettings {
        let port = match security {
            LdapSecurity::Tls => self.tls,
            LdapSecurity::StartTls | LdapSecurity::Plain => self.plain,
        };
        let servers = vec![("127.0.0.1".to_owned(), port)];
        let mut settings = DirectorySettings::new(servers, "ou=people,dc=example,dc=com");
        settings.security = security;
        settings.ca = (security != LdapSecurity::Plain).then(|| self.ca());
        settings.account = Some((
            "cn=server,ou=services,dc=example,dc=com".to_owned(),
            SecretSource::File(self.folder.path().join("secret")),
        ));
        settings.search = vec!["uid".to_owned(), "mail".to_owned()];
        settings.timeout = Duration::from_secs(20);
        settings
    }

    /// Ends it, as a machine that goes down.
    pub(crate) fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.end();
    }
}

/// An authority, certificates of its for the loopback and for the server, and one that nobody vouches for.
fn certificate(openssl: &Path, folder: &Path) {
    let name = |name: &str| folder.join(name);
    let key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ];
    for (authority, subject) in [("ca", "/CN=tests"), ("stranger", "/CN=server")] {
        run(Command::new(openssl)
            .args(["req", "-x509", "-days", "2", "-subj", subject])
            .args(key)
            .args(["-addext", "keyUsage=critical,keyCertSign", "-keyout"])
            .arg(name(&format!("{authority}.key")))
            .arg("-out")
            .arg(name(&format!("{authority}.pem"))));
    }
    fs::write(
        name("ext"),
        "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=critical,CA:FALSE\n",
    )
    .expect("a file");
    for (leaf, subject) in [("leaf", "/CN=directory"), ("server", "/CN=server")] {
        let request = name(&format!("{leaf}.csr"));
        run(Command::new(openssl)
            .args(["req", "-subj", subject])
            .args(key)
            .arg("-keyout")
            .arg(name(&format!("{leaf}.key")))
            .arg("-out")
            .arg(&request));
        run(Command::new(openssl)
            .args(["x509", "-req", "-days", "2", "-CAcreateserial", "-in"])
            .arg(&request)
            .arg("-CA")
            .arg(name("ca.pem"))
            .arg("-CAkey")
            .arg(name("ca.key"))
            .arg("-extfile")
            .arg(name("ext"))
            .arg("-out")
            .arg(name(&format!("{leaf}.pem"))));
    }
}
