//! The call and its outcome, as the API page has them.

use serde_json::Value;

use crate::support::World;

/// The page's sample call, in our words: only `url` and `filePath` come from outside.
const SAMPLE: &str = r#"
    const uploadTask = tt.uploadFile({
        "url": url,
        "filePath": filePath,
        "name": "test.jpeg",
        "formData": { "param1": "value1", "param2": "value2" },
        success (res) { console.log(res) },
        fail (res) { console.log(res) }
    })
"#;

fn keys(object: &Value) -> Vec<&str> {
    let entries = object.as_object().unwrap();
    entries.keys().map(String::as_str).collect()
}

#[test]
fn the_sample_prints_the_documented_objects() {
    let world = World::new();
    let out = world.run(SAMPLE).clean();
    let res: Value = serde_json::from_str(&out[0]).unwrap();
    assert_eq!(out.len(), 1);
    assert_eq!(keys(&res), ["statusCode", "data", "errMsg", "trace"]);
    assert_eq!(res["statusCode"], 200);
    assert_eq!(res["errMsg"], "uploadFile:ok");
    let data: Value = serde_json::from_str(res["data"].as_str().unwrap()).unwrap();
    assert_eq!(data["fields"][1]["value"], "value2");
    assert_eq!(data["files"][0]["name"], "test.jpeg");

    let missing = format!("filePath = 'missing.jpg';\n{SAMPLE}");
    let out = world.run(&missing).clean();
    let res: Value = serde_json::from_str(&out[0]).unwrap();
    assert_eq!(keys(&res), ["errMsg", "errno", "errString", "trace"]);
    assert_eq!(res["errMsg"], "uploadFile:fail file not found");
    assert_eq!(
        (&res["errno"], &res["errString"]),
        (&104.into(), &"invalid parameter".into())
    );
    assert_eq!(res["trace"].as_str().unwrap().len(), 53);
}

#[test]
fn nothing_is_told_before_the_call_has_returned_and_complete_gets_the_same_object() {
    let script = r#"
        for (const options of [{ url, filePath, name: "file" }, { url: 5 }, undefined, { url, filePath: "none", name: "f" }]) {
            const order = [];
            let told;
            const note = (what) => (res) => { order.push(what); told ??= res; if (res !== told) order.push("another"); };
            const task = tt.uploadFile(options && {
                ...options,
                success: note("success"), fail: note("fail"),
                complete(res) { note("complete")(res); console.log(order.join(" "), res.trace === task.trace); },
            });
            order.push("returned");
        }
    "#;
    let out = World::new().run(script).clean();
    let mut out = out;
    out.sort();
    assert_eq!(
        out,
        [
            "returned fail complete true",
            "returned fail complete true",
            "returned success complete true",
        ]
    );
}

#[test]
fn each_option_is_read_once_and_a_getter_that_throws_is_a_wrong_parameter() {
    let script = r#"
        const read = [];
        const spy = (options) => new Proxy(options, {
            get(target, key) { read.push(String(key)); return target[key]; },
        });
        tt.uploadFile(spy({ url, filePath, name: "file", complete: (res) => console.log(res.errMsg) }));
        console.log(read.length === new Set(read).size, read.slice(0, 5).join());

        const complete = (res) => console.log(res.errno, res.errMsg);
        const thrower = { get() { throw new Error("secret"); }, enumerable: true };
        tt.uploadFile(Object.defineProperty({ complete }, "url", thrower));
        tt.uploadFile({ url, filePath, name: "file", complete, formData: Object.defineProperty({}, "a", thrower) });
        tt.uploadFile({ url, filePath, name: "file", complete, header: new Proxy({}, { ownKeys() { throw 1; } }) });
        tt.uploadFile(Object.defineProperty({ url, filePath, name: "file", complete }, "success", thrower));
        const circle = {}; circle.circle = circle;
        tt.uploadFile({ url, filePath, name: "file", complete, formData: { circle } });
        tt.uploadFile({ url, filePath, name: "file", complete, formData: { a: new Array(4e9) } });
        tt.uploadFile({ url, filePath, name: "file", complete, formData: { a: Symbol() } });
        tt.uploadFile({ url, filePath, name: "file", complete, formData: { a: 10n } });
    "#;
    let mut out = World::new().run(script).clean();
    assert_eq!(out.remove(0), "true url,filePath,name,header,formData");
    out.sort();
    assert_eq!(
        out,
        [
            "104 uploadFile:fail invalid parameter: formData cannot be read: its getter throws",
            "104 uploadFile:fail invalid parameter: formData holds a bigint under \"a\"",
            "104 uploadFile:fail invalid parameter: formData holds a symbol under \"a\"",
            "104 uploadFile:fail invalid parameter: formData holds too many values",
            "104 uploadFile:fail invalid parameter: formData is nested too deeply, or holds itself",
            "104 uploadFile:fail invalid parameter: header cannot be read: its getter throws",
            "104 uploadFile:fail invalid parameter: success cannot be read: its getter throws",
            "104 uploadFile:fail invalid parameter: url cannot be read: its getter throws",
            "uploadFile:ok",
        ]
    );
}

#[test]
fn a_getter_may_begin_an_upload_of_its_own() {
    let script = r#"
        const options = {
            get name() {
                tt.uploadFile({ url, filePath, name: "inner", success: () => console.log("inner") });
                return "outer";
            },
            url, filePath, success: () => console.log("outer"),
        };
        tt.uploadFile(options);
    "#;
    let mut out = World::new().run(script).clean();
    out.sort();
    assert_eq!(out, ["inner", "outer"]);
}

#[test]
fn form_values_are_what_javascript_would_print() {
    let script = r#"
        const formData = {
            date: new Date(0), nested: { at: new Date(0) }, half: "a\ud800b", json: { toJSON: () => [1] },
        };
        tt.uploadFile({ url, filePath, name: "file", formData, success(res) {
            for (const field of JSON.parse(res.data).fields) console.log(field.name, field.value);
        } });
    "#;
    assert_eq!(
        World::new().run(script).clean(),
        [
            "date 1970-01-01T00:00:00.000Z",
            "nested {\"at\":\"1970-01-01T00:00:00.000Z\"}",
            "half a\u{fffd}b",
            "json [1]",
        ]
    );
}

#[test]
fn paths_lead_into_the_sandbox_and_nowhere_else() {
    let world = World::new();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", world.folder.path().join("user/link")).unwrap();
        std::os::unix::fs::symlink("/etc", world.folder.path().join("user/etc")).unwrap();
    }
    let script = r#"
        const paths = [
            "photo.jpg", "./photo.jpg", "ttfile://user/note.txt", "ttfile://temp/draft.txt", "user/note.txt",
            "ttfile://user/missing", "ttfile://user/", "ttfile://user/../photo.jpg", "../outside.txt",
            "/etc/passwd", "ttfile://user//etc/passwd", "file:///etc/passwd", "ttfile://root/etc/passwd",
            "user/link", "ttfile://user/link", "ttfile://user/etc/passwd", "folder",
        ];
        for (const filePath of paths) {
            const told = await tt.uploadFile({ url, filePath, name: "file" }).then(
                (res) => JSON.parse(res.data).files[0].fileName, (res) => `${res.errno} ${res.errMsg.slice(16)}`);
            console.log(filePath, "=>", told);
        }
    "#;
    let out = world.run(script).clean();
    assert_eq!(
        out,
        [
            "photo.jpg => photo.jpg",
            "./photo.jpg => photo.jpg",
            "ttfile://user/note.txt => note.txt",
            "ttfile://temp/draft.txt => draft.txt",
            "user/note.txt => note.txt",
            "ttfile://user/missing => 104 file not found",
            "ttfile://user/ => 104 not a regular file",
            "ttfile://user/../photo.jpg => 106 permission denied",
            "../outside.txt => 106 permission denied",
            "/etc/passwd => 106 permission denied",
            "ttfile://user//etc/passwd => 106 permission denied",
            "file:///etc/passwd => 106 permission denied",
            "ttfile://root/etc/passwd => 106 permission denied",
            "user/link => 106 permission denied",
            "ttfile://user/link => 106 permission denied",
            "ttfile://user/etc/passwd => 106 permission denied",
            "folder => 104 not a regular file",
        ]
    );
}
