//! A real browser, driven over the `WebDriver` protocol: as much of it as these tests need, in plain HTTP.
//!
//! Clicks and keys go through the browser's own input, so what is hidden, covered or disabled can't be used here either.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::Client;
use serde_json::{Value, json};
use tests::{Process, eventually};

/// The name under which `WebDriver` hands over elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys without a letter, as `WebDriver` writes them.
pub(crate) const ESCAPE: &str = "\u{e00c}";
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const TAB: &str = "\u{e004}";

/// The programs, if they are installed. `SKYTWIN_REQUIRE_BROWSER=1` makes their absence a failure.
fn installed() -> Option<(PathBuf, PathBuf)> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let find = |names: &[&str]| {
        std::env::split_paths(&path)
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
            .find(|file| file.is_file())
    };
    let found = find(&["chromium", "chromium-browser", "google-chrome", "chrome"]).zip(find(&["chromedriver"]));
    if found.is_none() {
        let required = std::env::var_os("SKYTWIN_REQUIRE_BROWSER").is_some_and(|value| value == "1");
        assert!(!required, "SKYTWIN_REQUIRE_BROWSER is set, but there is no chromium with a chromedriver on the PATH");
    }
    found
}

/// Starts browsers; ends them all when dropped.
pub(crate) struct Driver {
    chromium: PathBuf,
    port: u16,
    root: String,
    http: Client,
    _process: Process,
}

impl Driver {
    /// A driver, or none where no browser is installed: then the test says so and is over.
    pub(crate) async fn start() -> Option<Self> {
        let Some((chromium, driver)) = installed() else {
            eprintln!("not run: there is no chromium with a chromedriver on the PATH");
            return None;
        };
        let mut process = Process::start(driver, &["--port=0"], &[]);
        let said = process.says("started successfully on port ").await;
        let port: u16 = said.rsplit(' ').next().unwrap().trim_end_matches('.').parse().unwrap();
        Some(Self { chromium, port, root: format!("http://127.0.0.1:{port}"), http: tests::http(), _process: process })
    }

    /// A browser of its own: nobody is signed in there.
    pub(crate) async fn browser(&self, origin: &str) -> Browser {
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--lang=en-GB",
            "--window-size=1280,900",
        ];
        let options = json!({ "binary": self.chromium, "args": arguments });
        let wanted = json!({ "alwaysMatch": { "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" } } });
        let answer: Value = self
            .http
            .post(format!("{}/session", self.root))
            .json(&json!({ "capabilities": wanted }))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let id = answer["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {answer}"));
        Browser { http: self.http.clone(), session: format!("{}/session/{id}", self.root), origin: origin.to_owned() }
    }
}

impl Drop for Driver {
    /// Killed, it would leave the browsers of a test that failed behind: asked to, it takes them along.
    fn drop(&mut self) {
        let ended = TcpStream::connect(("127.0.0.1", self.port)).and_then(|mut line| {
            line.set_read_timeout(Some(Duration::from_secs(10)))?;
            line.write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
            line.read_to_end(&mut Vec::new())
        });
        drop(ended);
    }
}

/// One browser with one window.
pub(crate) struct Browser {
    http: Client,
    session: String,
    origin: String,
}

impl Browser {
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, Value> {
        let mut request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.session));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
        let value = answer["value"].take();
        if value.get("error").is_some() { Err(value) } else { Ok(value) }
    }

    /// Goes to a page of the dashboard.
    pub(crate) async fn open(&self, path: &str) {
        self.call("POST", "/url", Some(json!({ "url": format!("{}{path}", self.origin) }))).await.unwrap();
    }

    /// Goes to any address.
    pub(crate) async fn visit(&self, url: &str) {
        self.call("POST", "/url", Some(json!({ "url": url }))).await.unwrap();
    }

    /// Runs a script as a function's body; gives what it returns.
    pub(crate) async fn run(&self, script: &str, arguments: Value) -> Value {
        let body = json!({ "script": script, "args": arguments });
        self.call("POST", "/execute/sync", Some(body)).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// The same for a script that calls its last argument when it is done.
    pub(crate) async fn run_async(&self, script: &str, arguments: Value) -> Value {
        let body = json!({ "script": script, "args": arguments });
        self.call("POST", "/execute/async", Some(body)).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Waits until something visible matches `selector` and contains `text`; gives its reference.
    async fn find(&self, selector: &str, text: &str) -> Value {
        let script = "const [selector, text] = arguments;
            const top = [...document.querySelectorAll('dialog[open]')].pop();
            return [...(top ?? document).querySelectorAll(selector)]
                .find((e) => e.checkVisibility() && e.textContent.includes(text)) ?? null;";
        eventually(format!("there is {selector} with {text:?}"), async || {
            let found = self.run(script, json!([selector, text])).await;
            if found.is_null() { Err(self.text().await) } else { Ok(found) }
        })
        .await
    }

    /// Waits until something visible matches `selector` and contains `text`.
    pub(crate) async fn sees(&self, selector: &str, text: &str) {
        self.find(selector, text).await;
    }

    /// Waits until nothing visible matches `selector` and contains `text`.
    pub(crate) async fn no_longer_sees(&self, selector: &str, text: &str) {
        let script = "const [selector, text] = arguments;
            return [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility() && e.textContent.includes(text)).length;";
        eventually(format!("there is no {selector} with {text:?} any more"), async || {
            self.run(script, json!([selector, text])).await == 0
        })
        .await;
    }

    /// Clicks what matches, as soon as it can be clicked.
    pub(crate) async fn click(&self, selector: &str, text: &str) {
        eventually(format!("{selector} with {text:?} can be clicked"), async || {
            let element = self.find(selector, text).await;
            let id = element[ELEMENT].as_str().unwrap().to_owned();
            self.call("POST", &format!("/element/{id}/click"), Some(json!({}))).await
        })
        .await;
    }

    /// Types into the field with this label, in place of what is there.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let script = "const top = [...document.querySelectorAll('dialog[open]')].pop() ?? document;
            const label = [...top.querySelectorAll('label')].find((l) => l.checkVisibility() && l.textContent.trim() === arguments[0]);
            return label?.control ?? null;";
        let field = eventually(format!("there is a field {label:?}"), async || {
            let found = self.run(script, json!([label])).await;
            if found.is_null() { Err(self.text().await) } else { Ok(found) }
        })
        .await;
        let id = field[ELEMENT].as_str().unwrap().to_owned();
        self.call("POST", &format!("/element/{id}/clear"), Some(json!({}))).await.unwrap();
        self.call("POST", &format!("/element/{id}/value"), Some(json!({ "text": text }))).await.unwrap();
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub(crate) async fn press(&self, keys: &[&str]) {
        let actions: Vec<Value> = keys
            .iter()
            .flat_map(|key| [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })])
            .collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] });
        self.call("POST", "/actions", Some(body)).await.unwrap();
    }

    /// Everything that can be read on the page.
    pub(crate) async fn text(&self) -> String {
        let text = self.run("return document.body.innerText", json!([])).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// A mark on the page that a reload would wipe away.
    pub(crate) async fn mark(&self) {
        self.run("window.sinceTheMark = true", json!([])).await;
    }

    /// Asserts that the page was not loaded again since the mark.
    pub(crate) async fn was_not_reloaded(&self) {
        assert_eq!(self.run("return window.sinceTheMark === true", json!([])).await, true, "the page was loaded again");
    }

    /// Waits until the page has loaded everything it shows.
    pub(crate) async fn settled(&self) {
        let script = "return document.querySelector('main h1, main .figure') !== null && !document.querySelector('[aria-busy=true], .ghost')";
        eventually("the page has settled", async || {
            if self.run(script, json!([])).await == true { Ok(()) } else { Err(self.text().await) }
        })
        .await;
    }

    /// Pretends to be a screen of this width, in this colour scheme, still.
    pub(crate) async fn pretend(&self, width: u32, scheme: &str) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.call("POST", "/goog/cdp/execute", Some(body)).await.unwrap()
    }

    /// A picture of what the window shows.
    pub(crate) async fn picture(&self, file: &Path) {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let shot = self.call("GET", "/screenshot", None).await.unwrap();
        std::fs::write(file, BASE64_STANDARD.decode(shot.as_str().unwrap()).unwrap()).unwrap();
    }

    /// Asserts that the browser complained of nothing: no error of a script, nothing the policy of the page forbids.
    pub(crate) async fn complains_of_nothing(&self, but: &[&str]) {
        let log = self.call("POST", "/se/log", Some(json!({ "type": "browser" }))).await.unwrap();
        let complaints: Vec<&str> = log
            .as_array()
            .into_iter()
            .flatten()
            .filter(|entry| entry["level"] == "SEVERE")
            .filter_map(|entry| entry["message"].as_str())
            .filter(|message| !but.iter().any(|fine| message.contains(fine)))
            .collect();
        assert!(complaints.is_empty(), "the browser complains: {complaints:#?}");
    }

    /// Ends it.
    pub(crate) async fn close(self) {
        self.call("DELETE", "", None).await.unwrap();
    }
}
