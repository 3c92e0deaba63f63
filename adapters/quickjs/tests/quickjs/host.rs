//! A door in a context of the host's own.

use std::sync::mpsc;

use quintet_quickjs::rquickjs::{Context, Runtime};
use quintet_quickjs::{Api, Door};
use quintet_receiver::Settings;

use crate::support::{HANGS, World};

#[test]
fn a_host_delivers_in_its_own_loop() {
    let world = World::new();
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    let (wake, woken) = mpsc::channel();
    context.with(|ctx| {
        ctx.eval::<(), _>("globalThis.tt = { mine: 1 }; globalThis.told = []")
            .unwrap();
        ctx.globals().set("url", world.receiver.url("/up")).unwrap();
    });
    let door = Door::open(&context, Api::tt(world.engine()), move || {
        let _ = wake.send(());
    })
    .unwrap();
    context.with(|ctx| {
        ctx.eval::<(), _>(
            "tt.uploadFile({ url, filePath: 'photo.jpg', name: 'f', complete: (res) => told.push(res.errMsg) })",
        )
        .unwrap();
    });
    assert_eq!(door.uploads(), 1);
    while door.uploads() > 0 {
        woken.recv_timeout(HANGS).expect("woken");
        while context.with(|ctx| door.deliver(&ctx)).unwrap() {
            while runtime.execute_pending_job().unwrap() {}
        }
    }
    let told: String = context
        .with(|ctx| ctx.eval("told.join() + tt.mine"))
        .unwrap();
    assert_eq!(told, "uploadFile:ok1");
}

#[test]
fn a_door_may_go_at_any_time_and_its_runtime_before_it() {
    let world = World::with(Settings {
        delay: HANGS * 2,
        ..Settings::default()
    });
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    let engine = world.engine();
    let door = Door::open(&context, Api::tt(engine.clone()), || {}).unwrap();
    context.with(|ctx| {
        ctx.globals().set("url", world.receiver.url("/up")).unwrap();
        ctx.eval::<(), _>(
            r#"
            for (let at = 0; at < 7; at++) {
                const task = tt.uploadFile({ url, filePath: "photo.jpg", name: "f", success() { task.abort() } });
                task.onProgressUpdate(() => task);
                task.then((res) => task);
                globalThis[`task${at}`] = task;
            }
            "#,
        )
        .unwrap();
    });
    assert_eq!(door.uploads(), 7);
    drop(runtime);
    drop(context);
    drop(door);
    assert!(engine.shutdown());
}
