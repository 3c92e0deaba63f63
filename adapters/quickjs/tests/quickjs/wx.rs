//! The names and habits of WeChat.

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
