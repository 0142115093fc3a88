//! The page that `tenfold report` makes, as a browser shows it: a headless Chromium opens it and is asked over its debugging pipe. Where there is no
//! Chromium, the test says so and passes.
#![cfg(unix)]

mod common;

use assert_cmd::Command;
use common::records;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

/// How many puzzles the page has.
const PUZZLES: usize = 400;

fn tenfold() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("tenfold"))
}

/// A run of 400 puzzles: all of `arc_tasks` at one step, again and again under other ids.
fn write_run(folder: &Path) -> PathBuf {
    let few = folder.join("few");
    let tasks = format!("{}/arc_tasks", env!("CARGO_MANIFEST_DIR"));
    tenfold().args(["solve", &tasks, "--steps", "2", "--quiet", "--output"]).arg(&few).assert().success();
    let many = folder.join("many");
    std::fs::create_dir(&many).unwrap();
    std::fs::copy(few.join("config.toml"), many.join("config.toml")).unwrap();
    let tasks: Value = serde_json::from_slice(&std::fs::read(few.join("tasks.json")).unwrap()).unwrap();
    let (mut all_tasks, mut lines) = (serde_json::Map::new(), String::new());
    for (number, mut record) in records(&few).into_iter().cycle().take(PUZZLES).enumerate() {
        let id = format!("{}-{number}", record["id"].as_str().unwrap());
        all_tasks.insert(id.clone(), tasks[record["id"].as_str().unwrap()].clone());
        record["solved"] = (number % 4 == 0).into();
        record["id"] = id.into();
        lines.push_str(&record.to_string());
        lines.push('\n');
    }
    std::fs::write(many.join("tasks.json"), Value::from(all_tasks).to_string()).unwrap();
    std::fs::write(many.join("records.jsonl"), lines).unwrap();
    many
}

/// A browser with one page, spoken to by the DevTools protocol: JSON with a zero byte after each message.
struct Browser {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    session: Option<String>,
    sent: u64,
    /// What the page complained of.
    complaints: Vec<String>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// None where none is installed.
    fn start() -> Option<Self> {
        let is_there = |name: &&str| std::process::Command::new(name).arg("--version").output().is_ok();
        let name = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(is_there)?;
        let profile = tempfile::tempdir().unwrap();
        // The pipe is descriptors 3 and 4.
        let line = format!(
            "exec {name} --headless --no-sandbox --disable-gpu --remote-debugging-pipe --user-data-dir={} 3<&0 4>&1 >/dev/null",
            profile.path().display()
        );
        let mut child = std::process::Command::new("sh")
            .args(["-c", &line])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let (session, complaints) = (None, Vec::new());
        let mut browser = Self { child, input, output, session, sent: 0, complaints, _profile: profile };
        let target = browser.ask("Target.createTarget", &json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.ask("Target.attachToTarget", &json!({"targetId": target, "flatten": true}));
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Runtime.enable", "Log.enable", "Page.enable"] {
            browser.ask(domain, &json!({}));
        }
        Some(browser)
    }

    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.sent += 1;
        let mut message = json!({"id": self.sent, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.input.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut bytes = Vec::new();
            self.output.read_until(0, &mut bytes).unwrap();
            assert_eq!(bytes.pop(), Some(0), "the browser has gone");
            let answer: Value = serde_json::from_slice(&bytes).unwrap();
            if answer["id"] == self.sent {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
            let is_complaint = match answer["method"].as_str() {
                Some("Runtime.exceptionThrown") => true,
                Some("Runtime.consoleAPICalled") => {
                    ["error", "warning"].contains(&answer["params"]["type"].as_str().unwrap())
                }
                Some("Log.entryAdded") => answer["params"]["entry"]["level"] == "error",
                _ => false,
            };
            if is_complaint {
                self.complaints.push(answer.to_string());
            }
        }
    }

    /// What an expression comes to in the page; of a promise, what it keeps.
    fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.ask("Runtime.evaluate", &parameters);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    fn open(&mut self, page: &Path, width: u32) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600});
        self.ask("Emulation.setDeviceMetricsOverride", &size);
        self.ask("Page.navigate", &json!({"url": format!("file://{}", page.display())}));
        let begin = Instant::now();
        while self.evaluate("document.readyState") != "complete" {
            assert!(begin.elapsed() < Duration::from_mins(1), "the page does not load");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SHOWN: &str = "[...document.querySelectorAll('.card')].filter(card => card.checkVisibility()).length";

/// Chooses in the form as a hand does.
fn choose(name: &str, value: &str) -> String {
    format!(
        "(() => {{ const field = document.querySelector('[name={name}]'); field.value = '{value}'; \
         field.dispatchEvent(new Event('input', {{ bubbles: true }})); return {SHOWN}; }})()"
    )
}

/// Scrolls through all of the page, a screen a frame, and gives the longest time between two frames in milliseconds, and how far it came.
const SCROLL: &str = "new Promise(done => { let longest = 0, before = performance.now(), height = 0; \
    const frame = now => { longest = Math.max(longest, now - before); before = now; scrollBy(0, innerHeight); \
    const end = scrollY + innerHeight >= document.documentElement.scrollHeight - 2 && scrollY === height; \
    height = scrollY; end ? done([longest, height]) : requestAnimationFrame(frame); }; requestAnimationFrame(now => { before = now; frame(now); }); })";

#[test]
fn a_browser_opens_filters_and_scrolls_a_page_of_400_puzzles() {
    let Some(mut browser) = Browser::start() else {
        eprintln!("skipped: there is no chromium to open the page with");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let run = write_run(folder.path());
    let page = folder.path().join("report.html");
    tenfold().arg("report").arg(&run).arg("-o").arg(&page).assert().success();
    assert!(page.metadata().unwrap().len() < 15_000_000, "15 MB");
    for width in [1400, 400] {
        browser.open(&page, width);
        assert_eq!(browser.evaluate(SHOWN), PUZZLES);
        let wide = browser.evaluate("document.documentElement.scrollWidth").as_u64().unwrap();
        assert!(wide <= u64::from(width), "{wide} pixels wide on a screen of {width}");

        let way = browser.evaluate(SCROLL);
        let [longest, height] = [0, 1].map(|part| way[part].as_f64().unwrap());
        assert!(height > 5000.0, "scrolled to {height}");
        assert!(longest < 500.0, "a frame took {longest} ms at {width} pixels");

        assert_eq!(browser.evaluate(&choose("state", "solved")), PUZZLES / 4);
        assert_eq!(browser.evaluate(&choose("state", "wrong")), PUZZLES * 3 / 4);
        assert_eq!(browser.evaluate(&choose("state", "")), PUZZLES);
        assert_eq!(
            browser.evaluate(&choose("find", "frame_grid-")),
            records(&run).iter().filter(|record| record["id"].as_str().unwrap().starts_with("frame_grid-")).count()
        );
        assert_eq!(browser.evaluate(&choose("find", "")), PUZZLES);
        browser.evaluate(&choose("sort", "bits"));
        let sorted = "[...document.querySelectorAll('.fit')].every((fit, place, all) => !place || +all[place - 1].dataset.bits <= +fit.dataset.bits)";
        assert_eq!(browser.evaluate(sorted), true);

        let id = records(&run)[7]["id"].as_str().unwrap().to_owned();
        let own =
            format!("new Promise(done => {{ location.hash = 'id={id}'; setTimeout(() => done({SHOWN}), 200); }})");
        assert_eq!(browser.evaluate(&own), 1);
        assert_eq!(browser.evaluate("document.querySelector('.card:not([hidden])').dataset.id"), id);
        assert_eq!(browser.evaluate("document.querySelector('.card:not([hidden]) details').open"), true);
    }
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}
