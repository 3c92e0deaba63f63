//! The names and habits of WeChat.

use std::io::{Read, Write};
use std::net::TcpListener;

use quintet::Settings;
use quintet_quickjs::{Api, WX_ACTIVE_MAX};
use serde_json::Value;

use crate::support::World;

#[test]
fn wx_has_its_own_names_profile_and_cap() {
    let world = World::new();
    let mut settings = Settings::default();
    settings.active_max = WX_ACTIVE_MAX;
    let engine = world.engine_with(settings);
    let script = r#"
        const heard = [];
        const task = wx.uploadFile({
            url, filePath: "wxfile://usr/note.txt", name: "file",
            success(res) { heard.push(Object.keys(res).join()); console.log({ heard, profile: res.profile, header: res.header }); },
        });
        task.onHeadersReceived((res) => heard.push(Object.keys(res).join()));
        wx.uploadFile({ url, filePath, name: "file", enableProfile: false, success: (res) => console.log(Object.keys(res).join()) });
    "#;
    let mut out = world.run_with(script, Api::wx(engine), |_| {}).clean();
    out.sort();
    assert_eq!(out[0], "statusCode,data,errMsg,trace,header,cookies");
    let told: Value = serde_json::from_str(&out[1]).unwrap();
    assert_eq!(told["heard"][0], "statusCode,header");
    assert_eq!(
        told["heard"][1],
        "statusCode,data,errMsg,trace,header,cookies,profile"
    );
    assert!(told["profile"]["requestStart"].is_number(), "{told}");
    assert_eq!(told["profile"]["peerIP"], "127.0.0.1");
    let header = told["header"].as_object().unwrap();
    assert!(
        header
            .keys()
            .any(|name| name.eq_ignore_ascii_case("content-length"))
    );
}

#[test]
fn ten_are_active_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    // Answers nobody before ten have come.
    let server = std::thread::spawn(move || {
        for crowd in [10, 2] {
            let came = || listener.accept().unwrap().0;
            let streams: Vec<_> = std::iter::repeat_with(came).take(crowd).collect();
            for mut stream in streams {
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while !request.ends_with(b"--\r\n") {
                    let len = stream.read(&mut buffer).unwrap();
                    assert!(len > 0, "the request broke off");
                    request.extend_from_slice(&buffer[..len]);
                }
                let ok = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
                stream.write_all(ok.as_bytes()).unwrap();
            }
        }
    });
    let world = World::new();
    let mut settings = Settings::default();
    settings.active_max = WX_ACTIVE_MAX;
    let script = format!(
        r#"
        const tasks = Array.from({{ length: 12 }}, () => wx.uploadFile({{ url: "{url}", filePath, name: "file" }}));
        console.log((await Promise.all(tasks)).length);
        "#
    );
    let api = Api::wx(world.engine_with(settings));
    assert_eq!(world.run_with(&script, api, |_| {}).clean(), ["12"]);
    server.join().unwrap();
}
