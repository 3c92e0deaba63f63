//! A part as a form keeps it: its texts, ready to be sent, and nothing that every part has.
//!
//! ```text
//!   which texts there are (1 byte) · their lengths (LEB128) · the texts
//! ```

use alloc::vec::Vec;

/// A part's texts: names already escaped, newlines already as they are sent.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) file_name: Option<&'a [u8]>,
    pub(crate) content_type: Option<&'a [u8]>,
    /// `None` if it is a file's content.
    pub(crate) value: Option<&'a [u8]>,
}

const NAME: &[u8] = b"\r\nContent-Disposition: form-data; name=\"";
const FILE_NAME: &[u8] = b"\"; filename=\"";
const CONTENT_TYPE: &[u8] = b"\"\r\nContent-Type: ";
const HEAD_END: &[u8] = b"\r\n\r\n";
const QUOTE_AND_HEAD_END: &[u8] = b"\"\r\n\r\n";

impl<'a> Record<'a> {
    fn texts(&self) -> [Option<&'a [u8]>; 4] {
        [
            Some(self.name),
            self.file_name,
            self.content_type,
            self.value,
        ]
    }

    /// How many bytes [`write_record`] appends.
    pub(crate) fn record_bytes(&self) -> usize {
        let texts = self.texts().into_iter().flatten();
        1 + texts
            .map(|text| length_bytes(text.len()) + text.len())
            .sum::<usize>()
    }

    /// How many bytes [`write_text`](Self::write_text) appends.
    pub(crate) fn text_bytes(&self) -> usize {
        let file_name = self.file_name.map_or(0, |it| FILE_NAME.len() + it.len());
        let content_type = self.content_type.map_or(QUOTE_AND_HEAD_END.len(), |it| {
            CONTENT_TYPE.len() + it.len() + HEAD_END.len()
        });
        let value = self.value.map_or(0, <[u8]>::len);
        NAME.len() + self.name.len() + file_name + content_type + value
    }

    /// What stands between the last byte of the part's boundary and its file's content or, if it has none, the line
    /// end before the next boundary.
    pub(crate) fn write_text(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(NAME);
        out.extend_from_slice(self.name);
        if let Some(file_name) = self.file_name {
            out.extend_from_slice(FILE_NAME);
            out.extend_from_slice(file_name);
        }
        if let Some(content_type) = self.content_type {
            out.extend_from_slice(CONTENT_TYPE);
            out.extend_from_slice(content_type);
            out.extend_from_slice(HEAD_END);
        } else {
            out.extend_from_slice(QUOTE_AND_HEAD_END);
        }
        out.extend_from_slice(self.value.unwrap_or_default());
    }
}

pub(crate) fn write_record(record: &Record<'_>, out: &mut Vec<u8>) {
    let texts = record.texts();
    let there = texts
        .iter()
        .rev()
        .fold(0, |there, text| there << 1 | u8::from(text.is_some()));
    out.push(there);
    for text in texts.iter().flatten() {
        write_length(text.len(), out);
    }
    for text in texts.iter().flatten() {
        out.extend_from_slice(text);
    }
}

/// Takes the next record off the front of `records`, which are as [`write_record`] wrote them.
pub(crate) fn read_record<'a>(records: &mut &'a [u8]) -> Option<Record<'a>> {
    let there = *records.split_off_first()?;
    let mut lengths = [None; 4];
    for (bit, length) in lengths.iter_mut().enumerate() {
        if there >> bit & 1 == 1 {
            *length = Some(read_length(records)?);
        }
    }
    let mut text = |length: Option<usize>| length.map(|length| records.split_off(..length));
    let [name, file_name, content_type, value] = lengths;
    Some(Record {
        name: text(name)??,
        file_name: text(file_name).flatten(),
        content_type: text(content_type).flatten(),
        value: text(value).flatten(),
    })
}

fn length_bytes(length: usize) -> usize {
    let bits = usize::BITS - (length | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

fn write_length(mut length: usize, out: &mut Vec<u8>) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

fn read_length(records: &mut &[u8]) -> Option<usize> {
    let (mut length, mut shift) = (0, 0);
    loop {
        let byte = *records.split_off_first()?;
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(length);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::{Record, read_record, write_record};
    use alloc::{vec, vec::Vec};

    #[test]
    fn what_is_written_is_read_and_its_length_is_told() {
        let long = vec![b'x'; 20_000];
        let texts: [Option<&[u8]>; 4] = [None, Some(b""), Some(b"text"), Some(&long)];
        let mut records = Vec::new();
        let mut asked = Vec::new();
        for file_name in texts {
            for content_type in texts {
                for value in texts {
                    let name = b"name";
                    asked.push(Record {
                        name,
                        file_name,
                        content_type,
                        value,
                    });
                }
            }
        }
        for record in &asked {
            let before = records.len();
            write_record(record, &mut records);
            assert_eq!(records.len() - before, record.record_bytes());
            let mut text = Vec::new();
            record.write_text(&mut text);
            assert_eq!(text.len(), record.text_bytes());
        }
        let mut rest = &*records;
        for record in &asked {
            let read = read_record(&mut rest).expect("as many as were written");
            assert_eq!(read.texts(), record.texts());
        }
        assert!(read_record(&mut rest).is_none());
    }
}
