//! A directory of the test's own: Debian's `slapd` with its policy overlay, on ports of the loopback, from
//! the files beside this one, with a certificate that is made here.
//!
//! Where `slapd` or `openssl` is missing the tests say that they are skipped; with `WAYFARE_LDAP=required`
//! that is a failure.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use wayfare::engine::effect::LdapSecurity;
use wayfare_server::config::{ClientCertificate, DirectorySettings, SecretSource};

/// How long a directory may take to begin.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory that ends with the test.
pub(super) struct Slapd {
    child: Child,
    pub(super) plain: u16,
    pub(super) tls: u16,
    folder: TempDir,
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
    pub(super) fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// One that asks whoever connects for a certificate, and takes whose name is `server` for its account.
    pub(super) fn demanding() -> Option<Self> {
        Self::start_with(
            "TLSVerifyClient demand\nauthz-regexp \"^cn=server$\" \
             \"cn=server,ou=services,dc=example,dc=com\"",
        )
    }

    /// One with these settings besides.
    fn start_with(more: &str) -> Option<Self> {
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
            .arg(beside.join("people.ldif")));
        fs::write(at("secret"), "server-secret\n").expect("a secret");
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

    /// Where its authority's certificate is.
    pub(super) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate of its authority's with the name `server`, and one that has the name and vouches for
    /// itself.
    pub(super) fn shown(&self, own: bool) -> ClientCertificate {
        let name = if own { "server" } else { "stranger" };
        ClientCertificate {
            certificate: self.folder.path().join(format!("{name}.pem")),
            key: self.folder.path().join(format!("{name}.key")),
        }
    }

    /// Where it is, and the account of the server in it.
    pub(super) fn directory(&self, security: LdapSecurity) -> DirectorySettings {
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
    pub(super) fn end(&mut self) {
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
