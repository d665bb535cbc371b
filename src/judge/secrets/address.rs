//! Addresses with a password: `scheme://user:password@host`.

use crate::collect::Class;

use super::{Hit, Scan, traps};

/// The longest part before the host that is read, in bytes.
const LONGEST: usize = 400;

impl Scan<'_> {
    /// Looks at the address whose `://` begins at a place.
    pub(super) fn look_for_address(&mut self, at: usize) {
        let user_start = at + 3;
        let rest = self.bytes.get(user_start..(user_start + LONGEST).min(self.bytes.len())).unwrap_or_default();
        let ends = |byte: u8| byte.is_ascii_whitespace() || b"\"'`<>\\,;|".contains(&byte);
        let authority = rest.iter().position(|byte| ends(*byte) || b"/?#".contains(byte)).unwrap_or(rest.len());
        let Some(sign) = rest.get(..authority).and_then(|rest| rest.iter().rposition(|byte| *byte == b'@')) else {
            return;
        };
        let Some(colon) = rest.get(..sign).and_then(|rest| rest.iter().position(|byte| *byte == b':')) else { return };
        let (start, end) = (user_start + colon + 1, user_start + sign);
        let before = self.bytes.get(at.saturating_sub(24)..at).unwrap_or_default();
        let length =
            before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(byte)).count();
        let scheme = self.slice(at - length, at).to_ascii_lowercase();
        // `postgresql+asyncpg` is PostgreSQL, reached through a driver.
        let plain = scheme.split('+').next().unwrap_or_default();
        let schemes = &self.shapes.lists.connection_schemes;
        let Some(known) = schemes.iter().find(|known| known.scheme == scheme || known.scheme == plain) else { return };
        let provider = known.provider.clone();
        let user = self.slice(user_start, user_start + colon);
        let host = self.slice(end + 1, user_start + authority);
        let password = self.slice(start, end);
        if self.is_settled(start, end) || !self.opens_something(user, password, host) {
            return;
        }
        let name = self.name_before(at - length);
        self.hits.push(Hit { provider, name, ..self.value_hit(start, end, 0) });
    }

    /// Whether a password opens something that others can reach.
    fn opens_something(&self, user: &str, password: &str, host: &str) -> bool {
        let lists = &self.shapes.lists;
        let small = host.to_ascii_lowercase();
        let name = small.split(':').next().unwrap_or_default();
        let is_own = lists
            .nowhere_hosts
            .iter()
            .any(|nowhere| small.contains(nowhere.as_str()) || small.starts_with(nowhere.as_str()))
            || !name.contains('.')
            || is_private(name);
        let is_literal = !password.is_empty()
            && !traps::is_reference(password, lists)
            && !traps::is_reference(user, lists)
            && !host.contains(['{', '$', '<', '[', '*', '%'])
            && !password.contains(['{', '}', '$', '(', '*'])
            && password.bytes().all(|byte| byte.is_ascii_graphic());
        if is_own || !is_literal || password == user || password.len() < 6 || traps::is_regular(password) {
            return false;
        }
        if traps::has_placeholder(password, lists) {
            return false;
        }
        let is_hosted = lists.database_hosts.iter().any(|known| name.ends_with(known.as_str()));
        let is_strong = traps::looks_generated(password, 10, lists)
            || traps::looks_like_password(password, lists)
            || traps::looks_shuffled(password);
        match self.class {
            Class::Test | Class::Docs | Class::Vendored => is_hosted && is_strong,
            _ if self.is_template => is_hosted && is_strong,
            _ if is_hosted => is_strong || !traps::is_wordy(password),
            _ => is_strong,
        }
    }
}

/// Whether a numeric host is in a private network.
fn is_private(host: &str) -> bool {
    host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_private() || address.is_link_local())
}
