//! Events as actix messages.

use std::sync::Arc;

use actix::{Message, Recipient};

use crate::event::{Event, Listener};

impl Message for Event {
    type Result = ();
}

/// A listener that sends each event to an actor.
///
/// The message goes past the actor's mailbox limit, so that none is lost; there are at most ten a second of
/// progress for each active upload, and a few others.
pub fn to_recipient(actor: Recipient<Event>) -> Arc<dyn Listener> {
    Arc::new(ToRecipient(actor))
}

struct ToRecipient(Recipient<Event>);

impl Listener for ToRecipient {
    fn on_event(&self, event: &Event) {
        self.0.do_send(event.clone());
    }
}
