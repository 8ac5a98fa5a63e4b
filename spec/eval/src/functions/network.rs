//! Arithmetic of IP networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bp_plan::Value;
use ipnet::IpNet;

use super::{Function, int, text};
use crate::EvalError;
use crate::text::shorten;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "cidr_subnet",
        least: 3,
        most: Some(3),
        signature: "cidr_subnet(network: string, bits: int, number: int) -> string",
        documentation: "The subnet of this number, with a prefix that is so many bits longer.",
        example: r#"cidr_subnet("10.0.0.0/16", 8, 2) == "10.0.2.0/24""#,
        run: subnet,
    },
    Function {
        name: "cidr_host",
        least: 2,
        most: Some(2),
        signature: "cidr_host(network: string, number: int) -> string",
        documentation: "The address of this number in a network; a negative one counts from its end.",
        example: r#"cidr_host("10.0.2.0/24", 5) == "10.0.2.5" and cidr_host("10.0.2.0/24", -2) == "10.0.2.254""#,
        run: host,
    },
    Function {
        name: "cidr_contains",
        least: 2,
        most: Some(2),
        signature: "cidr_contains(network: string, address: string) -> bool",
        documentation: "Whether an address, or a whole network, lies in a network.",
        example: r#"cidr_contains("10.0.0.0/8", "10.1.2.3")"#,
        run: |a| {
            let of = network(text(a, 0)?)?;
            let inner = text(a, 1)?;
            let inner = match inner.parse::<IpAddr>() {
                Ok(address) => IpNet::from(address),
                Err(_) => network(inner)?,
            };
            Ok(Value::Bool(of.contains(&inner)))
        },
    },
];

fn network(text: &str) -> Result<IpNet, EvalError> {
    text.parse::<IpNet>().map(|network| network.trunc()).map_err(|_| {
        EvalError::bad_argument(format!(
            "`{}` is no network: expected one such as 10.0.0.0/16",
            shorten(text)
        ))
    })
}

/// The first address as a number.
fn number_of(network: IpNet) -> u128 {
    match network.network() {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn address(like: IpNet, number: u128) -> Option<IpAddr> {
    match like {
        IpNet::V4(_) => u32::try_from(number).ok().map(|n| Ipv4Addr::from_bits(n).into()),
        IpNet::V6(_) => Some(Ipv6Addr::from_bits(number).into()),
    }
}

fn subnet(arguments: &[Value]) -> Result<Value, EvalError> {
    let of = network(text(arguments, 0)?)?;
    let (bits, number) = (int(arguments, 1)?, int(arguments, 2)?);
    let room = of.max_prefix_len() - of.prefix_len();
    let Some(more) = u8::try_from(bits).ok().filter(|bits| *bits <= room) else {
        return Err(EvalError::bad_argument(format!(
            "{of} has room for 0 to {room} more bits, found {bits}"
        )));
    };
    let Some(index) = u128::try_from(number).ok().filter(|n| more >= 64 || *n < 1_u128 << more)
    else {
        return Err(EvalError::bad_argument(format!(
            "{more} bits number subnets from 0 to {}, found {number}",
            (1_u128 << more.min(64)) - 1
        )));
    };
    let shift = u32::from(room - more);
    let offset = if index == 0 { 0 } else { index << shift };
    address(of, number_of(of) + offset)
        .and_then(|first| IpNet::new(first, of.prefix_len() + more).ok())
        .map(|subnet| Value::String(subnet.to_string()))
        .ok_or_else(|| EvalError::bad_argument(format!("there is no such subnet of {of}")))
}

fn host(arguments: &[Value]) -> Result<Value, EvalError> {
    let of = network(text(arguments, 0)?)?;
    let number = int(arguments, 1)?;
    let room = u32::from(of.max_prefix_len() - of.prefix_len());
    let last = if room >= 128 { u128::MAX } else { (1_u128 << room) - 1 };
    let distance = u128::from(number.unsigned_abs());
    let offset = if number >= 0 {
        Some(distance).filter(|offset| *offset <= last)
    } else {
        // -1 is the last.
        last.checked_sub(distance - 1)
    };
    offset
        .and_then(|offset| address(of, number_of(of) + offset))
        .map(|address| Value::String(address.to_string()))
        .ok_or_else(|| EvalError::bad_argument(format!("{of} has no address {number}")))
}
