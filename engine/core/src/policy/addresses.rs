//! Which addresses belong to the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether `ip` may be anybody's on the public internet: not this machine, not a private or local network, nor
/// what is reserved, for documentation or for many receivers at once (IANA's special-purpose registries). An IPv6
/// address that carries an IPv4 one is as public as that is.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match carried(ip) {
            Some(ip) => is_public_v4(ip),
            None => !NOT_PUBLIC_V6.iter().any(|net| net.holds(u128::from(ip))),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let bits = u128::from(u32::from(ip)) << 96;
    !NOT_PUBLIC_V4.iter().any(|net| net.holds(bits))
}

/// The IPv4 address inside one that is mapped, translated (NAT64) or tunnelled (6to4).
fn carried(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let low = |bits: u128| Ipv4Addr::from(bits as u32);
    let bits = u128::from(ip);
    if MAPPED.holds(bits) || NAT64.holds(bits) {
        Some(low(bits))
    } else if SIX_TO_FOUR.holds(bits) {
        Some(low(bits >> 80))
    } else {
        None
    }
}

/// The addresses whose first `len` bits are those of `start`.
struct Net {
    start: u128,
    len: u32,
}

impl Net {
    const fn v4(a: u8, b: u8, c: u8, len: u32) -> Self {
        let start = u32::from_be_bytes([a, b, c, 0]) as u128;
        Self {
            start: start << 96,
            len,
        }
    }

    const fn v6(start: [u16; 6], len: u32) -> Self {
        let [a, b, c, d, e, f] = start;
        Self {
            start: Ipv6Addr::new(a, b, c, d, e, f, 0, 0).to_bits(),
            len,
        }
    }

    fn holds(&self, bits: u128) -> bool {
        (self.start ^ bits) >> (128 - self.len) == 0
    }
}

const MAPPED: Net = Net::v6([0, 0, 0, 0, 0, 0xffff], 96);
const NAT64: Net = Net::v6([0x64, 0xff9b, 0, 0, 0, 0], 96);
const SIX_TO_FOUR: Net = Net::v6([0x2002, 0, 0, 0, 0, 0], 16);

/// IANA IPv4 Special-Purpose Address Registry, and multicast.
const NOT_PUBLIC_V4: [Net; 15] = [
    Net::v4(0, 0, 0, 8),
    Net::v4(10, 0, 0, 8),
    Net::v4(100, 64, 0, 10),
    Net::v4(127, 0, 0, 8),
    Net::v4(169, 254, 0, 16),
    Net::v4(172, 16, 0, 12),
    Net::v4(192, 0, 0, 24),
    Net::v4(192, 0, 2, 24),
    Net::v4(192, 88, 99, 24),
    Net::v4(192, 168, 0, 16),
    Net::v4(198, 18, 0, 15),
    Net::v4(198, 51, 100, 24),
    Net::v4(203, 0, 113, 24),
    Net::v4(224, 0, 0, 4),
    Net::v4(240, 0, 0, 4),
];

/// Everything outside 2000::/3, which is all that is given out, and within it what the IANA IPv6 Special-Purpose
/// Address Registry keeps: protocol assignments (Teredo and ORCHID among them), documentation, AS112.
const NOT_PUBLIC_V6: [Net; 10] = [
    Net::v6([0, 0, 0, 0, 0, 0], 3),
    Net::v6([0x4000, 0, 0, 0, 0, 0], 3),
    Net::v6([0x6000, 0, 0, 0, 0, 0], 3),
    Net::v6([0x8000, 0, 0, 0, 0, 0], 2),
    Net::v6([0xc000, 0, 0, 0, 0, 0], 2),
    Net::v6([0x2001, 0, 0, 0, 0, 0], 23),
    Net::v6([0x2001, 0xdb8, 0, 0, 0, 0], 32),
    Net::v6([0x2620, 0x4f, 0x8000, 0, 0, 0], 48),
    Net::v6([0x3fff, 0, 0, 0, 0, 0], 20),
    Net::v6([0x3ffe, 0, 0, 0, 0, 0], 16),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_is_what_anybody_may_own() {
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860::8888",
            "2001:200::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ];
        let not_public = [
            "0.0.0.0",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.0",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "2620:4f:8000::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        let parsed = |ip: &&str| ip.parse::<IpAddr>().expect("an address");
        for (ips, expected) in [(&public[..], true), (&not_public[..], false)] {
            for ip in ips {
                assert_eq!(is_public(parsed(ip)), expected, "{ip}");
            }
        }
    }
}
