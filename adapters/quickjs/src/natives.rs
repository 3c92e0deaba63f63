//! What the door's script calls: begin an upload, abort one, pause one and go on.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use quintet::{Engine, Error, UploadTask};
use quintet_options::{Call, Include, Value, names, read};
use rquickjs::{Array, Ctx, Function, IntoJs, Object, Result, Value as JsValue};

use crate::api::Api;
use crate::inbox::Inbox;
use crate::reader::{Reader, Trouble, UNREADABLE};

/// The uploads of a door, on the JavaScript thread. No JavaScript value is in it, so JavaScript may own it.
pub(crate) struct Natives {
    engine: Engine,
    include: Include,
    inbox: Arc<Inbox>,
    keys: Cell<u64>,
    uploads: RefCell<HashMap<u64, Running>>,
}

struct Running {
    task: UploadTask,
    include: Include,
}

impl Natives {
    pub(crate) fn new(api: Api, inbox: Arc<Inbox>) -> Rc<Self> {
        Rc::new(Self {
            engine: api.engine,
            include: api.include,
            inbox,
            keys: Cell::new(0),
            uploads: RefCell::default(),
        })
    }

    /// The object that the door's script is given.
    pub(crate) fn object<'js>(self: &Rc<Self>, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        let object = Object::new(ctx.clone())?;
        let natives = self.clone();
        let upload = move |ctx: Ctx<'js>,
                           options: JsValue<'js>,
                           given: Object<'js>,
                           unreadable: JsValue<'js>,
                           well_formed: Function<'js>| {
            natives.upload(&ctx, &options, &given, &unreadable, &well_formed)
        };
        object.set("upload", Function::new(ctx.clone(), upload)?)?;
        self.action(&object, "abort", UploadTask::abort)?;
        self.action(&object, "pause", UploadTask::pause)?;
        self.action(&object, "resume", UploadTask::resume)?;
        let all: Vec<&str> = names().collect();
        object.set("names", all)?;
        Ok(object)
    }

    /// Adds what is done to an upload by its key: it returns whether it took effect.
    fn action<'js>(
        self: &Rc<Self>,
        object: &Object<'js>,
        name: &str,
        act: fn(&UploadTask) -> bool,
    ) -> Result<()> {
        let natives = self.clone();
        let by_key = move |key: u64| {
            let uploads = natives.uploads.borrow();
            uploads.get(&key).is_some_and(|running| act(&running.task))
        };
        object.set(name, Function::new(object.ctx().clone(), by_key)?)
    }

    /// Begins an upload: its key, its trace, and the headers that were ignored.
    fn upload<'js>(
        &self,
        ctx: &Ctx<'js>,
        options: &JsValue<'js>,
        given: &Object<'js>,
        unreadable: &JsValue<'js>,
        well_formed: &Function<'js>,
    ) -> Result<Array<'js>> {
        // Read before anything is borrowed: getters may begin uploads of their own.
        let call = match self.options(ctx, options, given, unreadable, well_formed) {
            Ok(options) => read(&options, self.include).unwrap_or_else(Call::refused),
            Err(Mistake::Argument(error)) => Call::refused(error),
            Err(Mistake::Stopped(error)) => return Err(error),
        };
        let key = self.keys.get() + 1;
        self.keys.set(key);
        let request = call.request.listener(self.inbox.listener(key));
        let task = self.engine.upload(request);
        let trace = task.trace().to_string();
        let ignored = task.ignored_headers().to_vec();
        let include = call.include;
        let running = Running { task, include };
        self.uploads.borrow_mut().insert(key, running);
        let begun = Array::new(ctx.clone())?;
        begun.set(0, key)?;
        begun.set(1, trace)?;
        begun.set(2, ignored.into_js(ctx)?)?;
        Ok(begun)
    }

    fn options<'js>(
        &self,
        ctx: &Ctx<'js>,
        options: &JsValue<'js>,
        given: &Object<'js>,
        unreadable: &JsValue<'js>,
        well_formed: &Function<'js>,
    ) -> std::result::Result<Value, Mistake> {
        let is_object = options.is_object() && !options.is_array() && !options.is_function();
        if !is_object {
            let mut reader = Reader::new(ctx, well_formed);
            return reader.read(options).map_err(|why| mistake("options", why));
        }
        let unreadable = unreadable.as_string().map(rquickjs::String::to_string);
        let mut entries = Vec::new();
        for name in names() {
            if matches!(&unreadable, Some(Ok(thrown)) if thrown == name) {
                return Err(mistake(name, UNREADABLE));
            }
            let value: JsValue<'js> = given.get(name).map_err(Mistake::Stopped)?;
            let value = Reader::new(ctx, well_formed).read(&value);
            entries.push((name.into(), value.map_err(|why| mistake(name, why))?));
        }
        Ok(Value::Map(entries))
    }

    pub(crate) fn abort_all(&self) {
        let uploads = self.uploads.borrow();
        let mut keys: Vec<_> = uploads.keys().collect();
        // From the last on: what waits must not get the slot of one that was just aborted.
        keys.sort_unstable_by(|a, b| b.cmp(a));
        for key in keys {
            uploads[key].task.abort();
        }
    }

    /// What the result of this upload is to tell.
    pub(crate) fn include(&self, key: u64) -> Include {
        let uploads = self.uploads.borrow();
        uploads
            .get(&key)
            .map_or(self.include, |running| running.include)
    }

    pub(crate) fn ended(&self, key: u64) {
        self.uploads.borrow_mut().remove(&key);
    }

    /// How many were begun whose end was not told.
    pub(crate) fn count(&self) -> usize {
        self.uploads.borrow().len()
    }
}

enum Mistake {
    Argument(Error),
    Stopped(rquickjs::Error),
}

fn mistake(name: &str, why: Trouble) -> Mistake {
    match why {
        Trouble::Wrong(why) => Mistake::Argument(Error::parameter(name, why)),
        Trouble::Stopped(error) => Mistake::Stopped(error),
    }
}
