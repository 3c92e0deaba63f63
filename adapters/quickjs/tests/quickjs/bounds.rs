//! Scripts that do not end, take too much, or tear at the language.

use std::time::Duration;

use quintet_quickjs::{Api, Stop};
use quintet_receiver::Settings;

use crate::support::{HANGS, World};

const SHORT: Duration = Duration::from_millis(200);

fn stuck() -> World {
    World::with(Settings {
        delay: HANGS * 2,
        ..Settings::default()
    })
}

#[test]
fn a_script_that_never_ends_is_stopped_and_its_uploads_end() {
    let world = stuck();
    for endless in [
        "for (;;) {}",
        "try { for (;;) {} } finally { for (;;) {} }",
        "Promise.resolve().then(function again() { return Promise.resolve().then(again) })",
        "setTimeout(function again() { setTimeout(again, 0) }, 0)",
        "tt.uploadFile({ url: 1, complete: () => { for (;;) {} } }); setTimeout(() => {}, 1e9)",
        "tt.uploadFile({ get url() { for (;;) {} } })",
        "tt.uploadFile({ url, filePath, name: 'f', formData: { toString: 1, get a() { for (;;) {} } } })",
        "/(x+x+)+y/.test('x'.repeat(99))",
        "setTimeout(() => {}, 1e9)",
        "await new Promise(() => {}), 1; for (;;) {}; ",
    ] {
        let script = format!(
            "tt.uploadFile({{ url, filePath, name: 'file', fail: (res) => console.log(res.errMsg, res.errno) }});\n{endless}"
        );
        let ran = world.run_with(&script, Api::tt(world.engine()), |settings| {
            settings.timeout = Some(SHORT);
        });
        assert_eq!(ran.ended.stopped, Some(Stop::Timeout), "{endless}: {ran:?}");
        assert_eq!(ran.out, ["uploadFile:fail abort 301"], "{endless}: {ran:?}");
    }
}

#[test]
fn what_is_begun_after_the_end_fails_and_does_not_go_on_for_ever() {
    let world = stuck();
    let script = r#"
        const again = () => tt.uploadFile({ url, filePath, name: "file", fail: again });
        again();
        setTimeout(() => console.log("never"), 1e9);
    "#;
    let ran = world.run_with(script, Api::tt(world.engine()), |settings| {
        settings.timeout = Some(SHORT);
    });
    assert_eq!(ran.ended.stopped, Some(Stop::Timeout));
    assert_eq!(ran.out, [""; 0]);
}

#[test]
fn out_of_memory_is_an_error_of_the_script_and_its_uploads_go_on() {
    let world = World::new();
    for greedy in [
        "const all = []; for (;;) all.push(new Array(1000).fill(all.length));",
        "let text = 'x'; for (;;) text += text;",
        "new Array(1e8).fill(1);",
        "const held = []; try { for (;;) held.push('x'.repeat(1e5) + held.length); } catch (e) { held.length = 0; throw e; }",
        "const chain = {}; for (let at = chain; ; at = at.next = { at: new Uint8Array(1000) });",
        "new Uint8Array(1e10);",
        "function deep() { return deep() + 1 } deep();",
        "2n ** 9999999999n;",
    ] {
        let script = format!(
            "tt.uploadFile({{ url, filePath, name: 'file', complete: (res) => console.log(res.errMsg) }});\n(function () {{ {greedy} }})()"
        );
        let ran = world.run_with(&script, Api::tt(world.engine()), |settings| {
            settings.memory_bytes_max = 16 << 20;
        });
        assert_eq!(ran.ended.uncaught, 1, "{greedy}: {ran:?}");
        assert_eq!(ran.ended.stopped, None, "{greedy}: {ran:?}");
        assert_eq!(ran.out, ["uploadFile:ok"], "{greedy}: {ran:?}");
    }
}

#[test]
fn calls_within_calls_end_at_the_bound_of_the_stack() {
    let script = r#"
        let ended = 0, begun = 0;
        const options = {
            get url() { begun++; return tt.uploadFile(options) }, complete() { ended++; },
        };
        tt.uploadFile(options);
        setTimeout(function look() { if (ended < begun) setTimeout(look, 1); else console.log(begun > 10); }, 1);
    "#;
    let world = World::new();
    assert_eq!(world.run(script).clean(), ["true"]);
}

#[test]
fn memory_that_is_kept_full_ends_the_run_or_the_script_and_never_the_process() {
    let world = World::new();
    for at in 0..40 {
        let script = format!(
            r#"
            tt.uploadFile({{ url, filePath, name: "file", complete() {{}} }}).onProgressUpdate(() => {{}});
            globalThis.all = [];
            for (let left = {at};;) {{
                try {{ for (;;) all.push(new Array(left ? 50 : 1).fill(all.length)); }}
                catch (error) {{ if (left-- <= 0) throw error; }}
            }}
            "#
        );
        let ran = world.run_with(&script, Api::tt(world.engine()), |settings| {
            settings.memory_bytes_max = (1 << 20) + at * 1009;
        });
        assert!(
            ran.ended.uncaught > 0 || ran.ended.stopped.is_some(),
            "{ran:?}"
        );
    }
}

#[test]
fn whatever_the_bound_of_memory_a_run_ends() {
    let world = World::new();
    let script = r#"
        const text = "x".repeat(1000);
        tt.uploadFile({ url, filePath, name: "file", formData: { text, list: [1, { a: text }] }, success(res) {
            console.log(JSON.parse(res.data).files.map((file) => file.sha256 + text));
        } }).then((res) => [...res.data]);
        await new Promise((resolve) => setTimeout(resolve, 1));
    "#;
    let mut fine = 0;
    for bytes in (0..400_000).step_by(2_039) {
        let ran = world.run_with(script, Api::tt(world.engine()), |settings| {
            settings.memory_bytes_max = bytes;
        });
        fine += usize::from(ran.ended.uncaught == 0 && ran.ended.stopped.is_none());
    }
    assert!(fine > 0);
}

#[test]
fn a_script_that_tears_at_the_language_harms_itself_alone() {
    let world = World::new();
    for torn in [
        "Array.prototype.includes = () => { throw 1 };",
        "Array.prototype[Symbol.iterator] = () => { throw 1 };",
        "Promise = undefined; Promise2 = 1;",
        "Object.prototype.then = (resolve) => resolve(1);",
        "Object.prototype.toJSON = () => 'torn';",
        "delete globalThis.tt; delete globalThis.console;",
        "Object.freeze(Object.prototype); Object.freeze(globalThis);",
        "Function.prototype.call = undefined; String.prototype.toWellFormed = undefined;",
        "Object.defineProperty(Object.prototype, '0', { set() { throw 1 } });",
    ] {
        let script = format!(
            r#"
            const print = console.log, upload = tt.uploadFile;
            {torn}
            upload({{ url, filePath, name: "file", formData: {{ half: "\ud800" }}, complete(res) {{ print(res.errMsg) }} }});
            "#
        );
        let ran = world.run(&script);
        assert_eq!(ran.ended.stopped, None, "{torn}: {ran:?}");
        if ran.ended.uncaught == 0 {
            assert_eq!(ran.out, ["uploadFile:ok"], "{torn}: {ran:?}");
        }
    }
}

#[test]
fn what_cannot_be_parsed_or_is_thrown_is_told() {
    for (script, told) in [
        ("let x = ;", "Uncaught SyntaxError"),
        ("throw new RangeError('mine')", "Uncaught RangeError: mine"),
        ("throw 'plain'", "Uncaught plain"),
        ("throw { a: 1 }", "Uncaught {\"a\":1}"),
        ("throw undefined", "Uncaught undefined"),
        (
            "await Promise.reject(new Error('late'))",
            "Uncaught Error: late",
        ),
        (
            "setTimeout(() => { throw new Error('timed') }, 1)",
            "Uncaught Error: timed",
        ),
        (
            "throw { get message() { throw 1 }, toJSON() { throw 2 } }",
            "Uncaught object",
        ),
        (
            "setTimeout(5)",
            "Uncaught TypeError: setTimeout wants a function",
        ),
        ("missing()", "Uncaught ReferenceError"),
        ("\0", "Uncaught"),
    ] {
        let ran = World::new().run(script);
        assert_eq!(ran.ended.uncaught, 1, "{script}: {ran:?}");
        assert!(ran.err[0].starts_with(told), "{script}: {ran:?}");
    }
    let handled = "const late = Promise.reject(1); late.catch(() => console.log('handled'))";
    assert_eq!(World::new().run(handled).clean(), ["handled"]);
}

#[test]
fn timers_run_in_their_order_and_are_cancelled() {
    let script = r#"
        setTimeout((a, b) => console.log("20", a, b), 20, 1, "x");
        setTimeout(() => console.log("0"), 0);
        setTimeout(() => console.log("0 again"), -5);
        const gone = setTimeout(() => console.log("gone"), 1);
        clearTimeout(gone); clearTimeout(gone); clearTimeout(undefined); clearTimeout("nothing"); clearTimeout({});
        Promise.resolve().then(() => console.log("job"));
        const late = setTimeout(() => {}, 1e9);
        setTimeout(() => clearTimeout(late), 30);
        setTimeout(() => console.log("NaN"), NaN);
        console.log("sync", [1, { a: null }], undefined, null, 1n, Symbol("s"));
        console.log(new Error("shown").message, {}, () => 1);
    "#;
    let out = World::new().run(script).clean();
    assert_eq!(out[0], "sync [1,{\"a\":null}] undefined null 1 Symbol(s)");
    assert_eq!(out[1], "shown {} () => 1");
    assert_eq!(out[2], "job");
    assert_eq!(out[3..6], ["0", "0 again", "NaN"]);
    assert_eq!(out[6..], ["20 1 x"]);
}
