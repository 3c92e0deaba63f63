//! Where the fields of the structs lie, for a machine of 64 bits: C, Rust and a list that is checked in say the same. A new field
//! goes at the end of its struct, and nothing else ever changes in the list.

use std::fs;
use std::mem::offset_of;

use quintet_c::abi;

use crate::support::{Way, Workshop, at, has, said, source};

macro_rules! layout {
    ($($of:ident { $($field:ident)* })*) => {
        /// As Rust has it: struct, field, offset.
        fn in_rust() -> Vec<(&'static str, &'static str, usize)> {
            let mut all = Vec::new();
            $(
                $(all.push((stringify!($of), stringify!($field), offset_of!(abi::$of, $field)));)*
                all.push((stringify!($of), "", size_of::<abi::$of>()));
            )*
            all
        }
    };
}

layout! {
    quintet_text { data len }
    quintet_header { name value }
    quintet_event {
        struct_size kind task user at_us bytes_sent bytes_total bytes_acked speed percent status error number err_msg
        detail trace body json headers headers_len
    }
    quintet_target { struct_size secure host port }
    quintet_transport { struct_size flags user connect write read finish close drop }
    quintet_source { struct_size flags user length read_at drop }
    quintet_file {
        struct_size kind flags descriptor name path data data_len source file_name mime_type offset length
    }
    quintet_settings {
        struct_size flags user on_event on_drop transport root root_pem root_pem_len json json_len active_max redirects
        connect_timeout_ms stall_timeout_ms progress_interval_ms response_bytes_max
    }
}

fn program() -> String {
    let asks = in_rust().into_iter().map(|(of, field, _)| match field {
        "" => format!("printf(\"{of} %d\\n\", (int)sizeof({of}));\n"),
        _ => format!("printf(\"{of}.{field} %d\\n\", (int)offsetof({of}, {field}));\n"),
    });
    let asks: String = asks.collect();
    format!("#include <stdio.h>\n#include \"quintet.h\"\nint main(void)\n{{\n{asks}return 0;\n}}\n")
}

#[test]
fn structs_are_laid_out_as_they_always_were() {
    let says = in_rust().into_iter().map(|(of, field, at)| match field {
        "" => format!("{of} {at}\n"),
        _ => format!("{of}.{field} {at}\n"),
    });
    let in_rust: String = says.collect();
    let list = fs::read_to_string(at("adapters/c/tests/c/layout.txt")).expect("the list");
    assert_eq!(in_rust, list);
    if !has("gcc") {
        return;
    }
    let workshop = Workshop::new();
    let source = source(&workshop, "layout.c", &program());
    assert_eq!(said(&mut workshop.compile(&source, Way::C99)), list);
}
