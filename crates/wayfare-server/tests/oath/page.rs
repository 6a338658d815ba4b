//! The login page, where an authenticator app is registered.

use fantoccini::key::Key;
use serde_json::json;

use super::{App, qr::read, server};
use crate::support::{TestServer, Window};

/// Keeps a picture of the page where `WAYFARE_PICTURES` names a folder, for whoever wants to look.
async fn picture(window: &Window, name: &str) {
    if let Some(folder) = std::env::var_os("WAYFARE_PICTURES") {
        let bytes = window.browser.screenshot().await.expect("a picture");
        let file = std::path::Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(file, bytes).expect("a file");
    }
}

async fn type_code(window: &Window, app: &App, server: &TestServer) {
    window.sees("Enter verification code").await;
    window.focused("input[autocomplete='one-time-code']").await;
    window.type_keys(&app.code(server, 0)).await;
    window.type_keys(&Key::Enter.to_string()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_is_registered_in_the_browser() {
    let server = server().await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    window.go("/?realm=/alpha&service=AuthenticatorApp").await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("Register Device").await;
    window.click("button").await;
    window.sees("Scan the code").await;
    assert!(window.finds("svg.qr path").await);
    picture(&window, "qr").await;
    // The code is whole, and its squares lie within it.
    let fits = "const box = document.querySelector('svg.qr').getBBox(); \
                const size = document.querySelector('svg.qr').viewBox.baseVal.width; \
                return box.x === 4 && box.y === 4 && box.width === size - 8 && box.height === size - 8";
    assert_eq!(window.ask(fits).await, json!(true));
    let link = window
        .ask("return document.querySelector('a.app').href")
        .await;
    let link = link.as_str().expect("a link").to_owned();
    assert!(
        link.starts_with("otpauth://totp/Acme:demo?secret="),
        "{link}"
    );
    // The browser draws the squares, and a reader of its own finds the link in them.
    let drawn = "const svg = document.querySelector('svg.qr'), wide = svg.viewBox.baseVal.width * 4; \
                 const canvas = document.createElement('canvas'); \
                 canvas.width = canvas.height = wide; \
                 const context = canvas.getContext('2d'); \
                 context.scale(4, 4); \
                 context.fill(new Path2D(svg.querySelector('path').getAttribute('d'))); \
                 const { data } = context.getImageData(0, 0, wide, wide); \
                 let text = ''; \
                 for (let at = 3; at < data.length; at += 4) text += data[at] > 127 ? '#' : '.'; \
                 return [wide, text]";
    let drawn = window.ask(drawn).await;
    let wide = drawn[0].as_u64().expect("a width");
    let wide = usize::try_from(wide).expect("a width");
    let squares = drawn[1].as_str().expect("a picture").as_bytes();
    assert_eq!(read(wide, |x, y| squares[y * wide + x] == b'#'), link);
    let key = link
        .split("secret=")
        .nth(1)
        .and_then(|rest| rest.split('&').next());
    let app = App {
        key: key.expect("a key").to_owned(),
    };
    let typed = window
        .ask("return document.querySelector('.key code').textContent")
        .await;
    assert_eq!(typed.as_str().expect("a key").replace(' ', ""), app.key);
    let inline =
        "return document.querySelectorAll('script:not([src]), style, [style], [onclick]').length";
    assert_eq!(window.ask(inline).await, 0);
    window
        .browser
        .set_window_size(360, 740)
        .await
        .expect("a phone");
    picture(&window, "qr-phone").await;
    let wide = "return document.documentElement.scrollWidth <= innerWidth";
    assert_eq!(window.ask(wide).await, json!(true));

    window.click("button").await;
    type_code(&window, &app, &server).await;
    window.sees("Your recovery codes").await;
    picture(&window, "recovery-codes").await;
    assert_eq!(
        window
            .ask("return document.querySelectorAll('.codes li').length")
            .await,
        10
    );
    assert_eq!(window.ask(wide).await, json!(true));
    window.click("button[type=submit]").await;
    window.sees("You are signed in").await;
    window.click("#logout").await;
    window.sees("You are logged out").await;

    server.advance(std::time::Duration::from_secs(30));
    window.go("/?realm=/alpha&service=AuthenticatorApp").await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("Use Recovery Code").await;
    picture(&window, "code").await;
    type_code(&window, &app, &server).await;
    window.sees("You are signed in").await;
    window.close().await;
}
