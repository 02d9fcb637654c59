// SPDX-License-Identifier: MIT

// A load in Rust: threads, sorting, hash maps, a channel, a lock, panics that are caught.
use std::collections::HashMap;
use std::io::Write;
use std::panic;
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

fn descend(depth: u32, words: &mut Vec<String>) -> usize {
    if depth == 0 {
        words.sort_by(|a, b| b.cmp(a));
        return words.len();
    }
    words.push(format!("word{}", depth));
    descend(depth - 1, words) + words.len()
}

fn risky(n: u64) -> u64 {
    if n % 3 == 0 {
        panic!("caught {}", n);
    }
    n / 3
}

fn main() {
    let (send, receive) = sync_channel::<Vec<u64>>(4);
    let receive = Arc::new(Mutex::new(receive));
    let counts = Arc::new(Mutex::new(HashMap::<String, u64>::new()));
    let never = Arc::new((Mutex::new(false), Condvar::new()));

    panic::set_hook(Box::new(|_| {}));
    for _ in 0..2 {
        let (receive, counts) = (receive.clone(), counts.clone());
        thread::spawn(move || loop {
            let mut numbers = receive.lock().unwrap().recv().unwrap();
            numbers.sort_by_key(|n| n % 8191);
            let mut map = HashMap::new();
            for n in &numbers {
                *map.entry(n % 97).or_insert(0u64) += n;
            }
            let mut counts = counts.lock().unwrap();
            for (key, value) in map {
                *counts.entry(key.to_string()).or_insert(0) ^= value;
            }
        });
    }
    thread::spawn(move || {
        for round in 0u64.. {
            let number = |i: u64| i.wrapping_mul(0x9e3779b97f4a7c15) ^ round;
            send.send((0..20000u64).map(number).collect()).unwrap();
            thread::sleep(Duration::from_millis(1));
        }
    });
    thread::spawn(|| loop {
        let caught = (0..30u64).filter(|&n| panic::catch_unwind(|| risky(n)).is_err()).count();
        assert_eq!(caught, 10);
        thread::sleep(Duration::from_millis(2));
    });
    {
        let never = never.clone();
        thread::spawn(move || {
            let mut done = never.0.lock().unwrap();
            while !*done {
                done = never.1.wait(done).unwrap();
            }
        });
    }
    println!("ready");
    std::io::stdout().flush().unwrap();
    loop {
        let (back, answer) = channel();
        let short = thread::spawn(move || back.send(descend(40, &mut Vec::new())).unwrap());
        answer.recv().unwrap();
        short.join().unwrap();
        thread::sleep(Duration::from_millis(1));
    }
}
