//! Which addresses a person may have this system call: those of the public internet, and nothing behind its own walls.
//!
//! Why: an address that a person sets is called from inside of our network. Whoever may name any address could have us
//! reach what is meant for nobody outside: the database, a cloud's metadata, a neighbour's router.
//!
//! Invariant: what is not known to be public is refused, however it is written: as a number, inside of an IPv6 address, or
//! behind a name. A name is judged by what it resolves to, when it is called, and the call goes to what was judged.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Which addresses may be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses, over https.
    #[default]
    Public,
    /// Any, over http too: for a network of one's own, and for tests.
    Anywhere,
}

/// Why an address is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not an address of a web server.
    #[error("it must be an https address, such as https://example.org/hook")]
    Scheme,
    /// A name and password stand in it.
    #[error("it must not carry a name or a password; the signature proves who sends")]
    Credentials,
    /// It leads inside.
    #[error("it leads to a private network or to this machine, which is not called")]
    Private,
}

impl Reach {
    /// Judges an address as far as that can be done without resolving its name.
    pub fn allows_url(self, url: &Url) -> Result<(), Refused> {
        let scheme = match self {
            Self::Public => url.scheme() == "https",
            Self::Anywhere => matches!(url.scheme(), "http" | "https"),
        };
        let host = url.host().filter(|_| scheme).ok_or(Refused::Scheme)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Credentials);
        }
        let fine = match host {
            Host::Ipv4(ip) => self.allows(ip.into()),
            Host::Ipv6(ip) => self.allows(ip.into()),
            Host::Domain(name) => self == Self::Anywhere || !is_local_name(name),
        };
        if fine { Ok(()) } else { Err(Refused::Private) }
    }

    /// Judges what a name was resolved to.
    pub fn allows(self, ip: IpAddr) -> bool {
        self == Self::Anywhere || is_public(ip)
    }
}

/// Names that never leave a machine or a house, whatever a resolver makes of them.
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    !name.contains('.')
        || matches!(last, "localhost" | "local" | "internal" | "lan" | "home")
        || name.ends_with(".home.arpa")
}

/// Whether an address is one of the public internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// What is not of the public internet (IANA's registry of special-purpose addresses): network and length of its prefix.
const INSIDE_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),           // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // between a provider and its customers
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, a cloud's metadata among it
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // the old 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, and broadcast
];

/// The same within `2000::/3`, which is all that was ever given out.
const INSIDE_V6: [(Ipv6Addr, u32); 5] = [
    (Ipv6Addr::new(0x2001, 0x2, 0, 0, 0, 0, 0, 0), 48),   // benchmarks
    (Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0), 28),  // identifiers without a place
    (Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0), 28),  // the same, anew
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),     // documentation
];
const GIVEN_OUT: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// Translated to the IPv4 address at its end.
const TRANSLATED: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
/// Tunnelled to the IPv4 address behind its prefix.
const TUNNELLED: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);
/// Tunnelled to the IPv4 address at its end, every bit of which is turned.
const TEREDO: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32);

fn is_public_v4(ip: Ipv4Addr) -> bool {
    !INSIDE_V4.iter().any(|(net, length)| (ip.to_bits() ^ net.to_bits()) >> (32 - length) == 0)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let bits = ip.to_bits();
    let within = |(net, length): (Ipv6Addr, u32)| (bits ^ net.to_bits()) >> (128 - length) == 0;
    // An IPv4 address inside of an IPv6 one is where it leads, and is judged as such.
    let holds = |shift: u32| u32::try_from(bits >> shift & u128::from(u32::MAX)).unwrap_or_default();
    if within(TRANSLATED) {
        is_public_v4(Ipv4Addr::from_bits(holds(0)))
    } else if within(TUNNELLED) {
        is_public_v4(Ipv4Addr::from_bits(holds(80)))
    } else if within(TEREDO) {
        is_public_v4(Ipv4Addr::from_bits(!holds(0)))
    } else {
        // The rest is unspecified, loopback, mapped IPv4, unique-local, link-local, multicast, or nobody's yet.
        within(GIVEN_OUT) && !INSIDE_V6.into_iter().any(within)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn public(ip: &str) -> bool {
        is_public(ip.parse().unwrap())
    }

    #[test]
    fn what_is_behind_walls_is_refused_in_both_families_and_the_rest_is_called() {
        for inside in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::2",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2001:10::1",
            "2001:2::1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:0:5ef5:79fb:0:0:80ff:fffe",
        ] {
            assert!(!public(inside), "{inside}");
        }
        for outside in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "128.0.0.1",
            "169.253.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.255.255",
            "198.17.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "64:ff9b::808:808",
            "2002:808:808::",
        ] {
            assert!(public(outside), "{outside}");
        }
    }

    #[test]
    fn an_address_is_judged_however_it_is_written() {
        let judge = |reach: Reach, text: &str| reach.allows_url(&text.parse().unwrap());
        for (text, wanted) in [
            ("https://example.org/hook", Ok(())),
            ("https://8.8.8.8:8443/hook", Ok(())),
            ("http://example.org/hook", Err(Refused::Scheme)),
            ("ftp://example.org/", Err(Refused::Scheme)),
            ("file:///etc/passwd", Err(Refused::Scheme)),
            ("mailto:me@example.org", Err(Refused::Scheme)),
            ("https://me@example.org/", Err(Refused::Credentials)),
            ("https://:secret@example.org/", Err(Refused::Credentials)),
            ("https://127.0.0.1/", Err(Refused::Private)),
            ("https://2130706433/", Err(Refused::Private)),
            ("https://0x7f.1/", Err(Refused::Private)),
            ("https://0177.0.0.1/", Err(Refused::Private)),
            ("https://[::1]/", Err(Refused::Private)),
            ("https://[::ffff:10.0.0.1]/", Err(Refused::Private)),
            ("https://localhost/", Err(Refused::Private)),
            ("https://LOCALHOST./", Err(Refused::Private)),
            ("https://a.localhost/", Err(Refused::Private)),
            ("https://router/", Err(Refused::Private)),
            ("https://printer.local/", Err(Refused::Private)),
            ("https://metadata.google.internal/", Err(Refused::Private)),
            ("https://nas.home.arpa/", Err(Refused::Private)),
        ] {
            assert_eq!(judge(Reach::Public, text), wanted, "{text}");
        }
        for text in ["http://127.0.0.1:9/", "http://localhost/", "https://[::1]/"] {
            assert_eq!(judge(Reach::Anywhere, text), Ok(()), "{text}");
        }
        assert_eq!(judge(Reach::Anywhere, "file:///etc/passwd"), Err(Refused::Scheme));
    }

    proptest! {
        #[test]
        fn an_ipv4_address_inside_of_an_ipv6_one_is_never_let_through_where_itself_is_not(bits: u32, prefix in 0..4_usize) {
            let v4 = Ipv4Addr::from_bits(bits);
            let low = u128::from(bits);
            let wrapped = match prefix {
                0 => low | 0xffff << 32,
                1 => low,
                2 => low | 0x0064_ff9b << 96,
                _ => 0x2002 << 112 | low << 80,
            };
            let v6 = Ipv6Addr::from_bits(wrapped);
            prop_assert!(!is_public(v6.into()) || is_public(v4.into()), "{v6} holds {v4}");
        }

        #[test]
        fn the_standard_library_knows_no_inside_that_is_let_through(bits: u32, wide: u128) {
            let v4 = Ipv4Addr::from_bits(bits);
            let inside = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_broadcast()
                || v4.is_documentation() || v4.is_unspecified() || v4.is_multicast();
            prop_assert!(!(inside && is_public(v4.into())), "{v4}");
            let v6 = Ipv6Addr::from_bits(wide);
            let inside = v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || v6.is_unique_local()
                || v6.is_unicast_link_local() || v6.to_ipv4_mapped().is_some();
            prop_assert!(!(inside && is_public(v6.into())), "{v6}");
        }
    }
}
