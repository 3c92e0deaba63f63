//! What `run` does with a script.

use serde_json::Value;

use crate::support::*;

/// The page's sample call, in our words: only `url` and `filePath` come from outside.
const SAMPLE: &str = r#"
    const uploadTask = tt.uploadFile({
        url, filePath, name: "test.jpeg", formData: { param1: "value1" },
        success (res) { console.log(res) },
        fail (res) { console.log(res) }
    })
"#;

#[test]
fn the_sample_uploads_prints_and_ends_by_itself() {
    let (folder, receiver) = (Folder::new(), receiver());
    folder.file("photo.jpg", "hello");
    let script = folder.file("sample.js", SAMPLE);
    let sandbox = folder.path().to_str().unwrap();
    let url = format!("url={}", receiver.url("/up"));
    let run_with = |file: &str| {
        run(&[
            "run",
            &script,
            "--sandbox",
            sandbox,
            "--set",
            &url,
            "--set",
            file,
        ])
    };
    let ran = run_with("filePath=photo.jpg");
    assert_eq!((ran.code, &*ran.stderr), (0, ""), "{ran:?}");
    let res: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&res["statusCode"], &res["errMsg"]),
        (&200.into(), &"uploadFile:ok".into())
    );
    assert!(res["data"].as_str().unwrap().contains("test.jpeg"));

    let outside = run_with("filePath=/etc/hosts");
    assert_eq!(outside.code, 0, "{outside:?}");
    assert!(outside.stdout.contains(r#""errno":106"#), "{outside:?}");
}

#[test]
fn hosts_are_allowed_by_pattern_and_arguments_are_found() {
    let (folder, receiver) = (Folder::new(), receiver());
    folder.file("a.txt", "hello");
    let script = folder.file(
        "script.js",
        "for (const url of scriptArgs) wx.uploadFile({ url, filePath: 'a.txt', name: 'f', \
         complete(res) { console.log(res.errMsg) } })",
    );
    let sandbox = folder.path().to_str().unwrap();
    let args = ["run", &script, "--sandbox", sandbox, "--allow-host"];
    let good = receiver.url("/");
    let ran = run(&[
        &args[..],
        &["127.0.0.1:*", "--", &good, "http://elsewhere.test/"],
    ]
    .concat());
    let mut lines: Vec<_> = ran.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["uploadFile:fail url not in domain list", "uploadFile:ok"],
        "{ran:?}"
    );

    let wrong = run(&[&args[..], &["a/b"]].concat());
    assert_eq!(wrong.code, 1);
    assert!(
        wrong.stderr.contains("--allow-host: domain \"a/b\""),
        "{wrong:?}"
    );
}

#[test]
fn a_script_that_goes_wrong_has_its_exit_code_and_a_word_on_stderr() {
    let folder = Folder::new();
    for (script, more, code, told) in [
        ("console.log('fine')", &[][..], 0, ""),
        ("throw new Error('mine')", &[], 6, "Uncaught Error: mine"),
        ("let = ;", &[], 6, "Uncaught SyntaxError"),
        (
            "for (;;) {}",
            &["--timeout", "100ms"],
            6,
            "its time was over",
        ),
        (
            "const all = []; for (;;) all.push([all.length])",
            &["--memory", "2MiB"],
            6,
            "out of memory",
        ),
        ("console.error('bad', '\\x1b[2J')", &[], 0, "bad \\u{1b}[2J"),
    ] {
        let path = folder.file("script.js", script);
        let ran = run(&[&["run", &path], more].concat());
        assert_eq!(ran.code, code, "{script}: {ran:?}");
        assert!(ran.stderr.contains(told), "{script}: {ran:?}");
    }
    let missing = run(&["run", "no-such-script.js"]);
    assert_eq!(missing.code, 1);
    assert!(missing.stderr.contains("no-such-script.js"), "{missing:?}");
    assert_eq!(run(&["run", "x.js", "--set", "nothing"]).code, 2);
}

#[test]
fn https_is_trusted_by_cacert() {
    let (folder, receiver) = (Folder::new(), receiver_with_tls());
    folder.file("photo.jpg", "hello");
    let root = folder.file("root.pem", receiver.root_pem().unwrap());
    let script = folder.file("sample.js", SAMPLE);
    let url = format!("url={}", receiver.url("/"));
    let sandbox = folder.path().to_str().unwrap();
    let ran = run(&[
        "run",
        &script,
        "--sandbox",
        sandbox,
        "--cacert",
        &root,
        "--set",
        &url,
        "--set",
        "filePath=photo.jpg",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("uploadFile:ok"), "{ran:?}");
}
