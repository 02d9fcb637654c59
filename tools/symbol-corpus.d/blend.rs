// SPDX-License-Identifier: MIT
//! Words in, statistics out: iterators, closures, generics and traits that the compiler folds into
//! one another, for tools/symbol-corpus.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, BufRead};

trait Shape {
    fn area(&self) -> f64;
    fn name(&self) -> String {
        format!("shape of {:.3}", self.area())
    }
}

struct Circle(f64);
struct Box2 {
    width: f64,
    height: f64,
}

impl Shape for Circle {
    #[inline]
    fn area(&self) -> f64 {
        std::f64::consts::PI * self.0 * self.0
    }
}

impl Shape for Box2 {
    #[inline]
    fn area(&self) -> f64 {
        self.width * self.height
    }
    fn name(&self) -> String {
        format!("{} x {}", self.width, self.height)
    }
}

#[derive(Default)]
struct Counter {
    words: HashMap<String, usize>,
    by_length: BTreeMap<usize, Vec<String>>,
}

impl Counter {
    fn take(&mut self, line: &str) {
        for word in line
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
        {
            let count = self.words.entry(word.clone()).or_insert(0);
            *count += 1;
            if *count == 1 {
                self.by_length.entry(word.chars().count()).or_default().push(word);
            }
        }
    }

    fn most(&self, limit: usize) -> Vec<(&str, usize)> {
        let mut all: Vec<_> = self.words.iter().map(|(word, n)| (word.as_str(), *n)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        all.truncate(limit);
        all
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (word, count) in self.most(10) {
            writeln!(out, "{count:6} {word}")?;
        }
        for (length, words) in self.by_length.iter().rev().take(3) {
            writeln!(out, "{length:6} {}", words.join(" "))?;
        }
        Ok(())
    }
}

#[inline(always)]
fn fold<T: Copy, A>(items: &[T], start: A, step: impl Fn(A, T) -> A) -> A {
    let mut sum = start;
    for item in items {
        sum = step(sum, *item);
    }
    sum
}

fn matrix(size: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut state = seed | 1;
    (0..size)
        .map(|_| {
            (0..size)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    (state % 1000) as f64 / 10.0
                })
                .collect()
        })
        .collect()
}

fn multiply(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    a.iter()
        .map(|row| {
            (0..b[0].len())
                .map(|column| row.iter().zip(b).map(|(x, line)| x * line[column]).sum())
                .collect()
        })
        .collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut counter = Counter::default();
    for line in io::stdin().lock().lines() {
        counter.take(&line?);
    }
    print!("{counter}");
    let shapes: Vec<Box<dyn Shape>> =
        vec![Box::new(Circle(2.0)), Box::new(Box2 { width: 3.0, height: 4.0 })];
    let total: f64 = shapes.iter().map(|shape| shape.area()).sum();
    for shape in &shapes {
        println!("{}", shape.name());
    }
    let product = multiply(&matrix(40, 7), &matrix(40, 11));
    let trace = fold(&(0..40).collect::<Vec<usize>>(), 0.0, |sum, i| sum + product[i][i]);
    let lengths: Vec<u64> = counter.by_length.keys().map(|&length| length as u64).collect();
    let largest = fold(&lengths, 0, |most, length| if length > most { length } else { most });
    println!("{total:.3} {trace:.1} {largest}");
    std::env::args().nth(1).map_or(Ok(()), |text| {
        let number: i64 = text.parse()?;
        println!("{}", number.checked_mul(2).ok_or("too large")?);
        Ok(())
    })
}
