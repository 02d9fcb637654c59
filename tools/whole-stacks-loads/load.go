// SPDX-License-Identifier: MIT

// A load in Go: goroutines, channels, a mutex, HTTP on loopback, garbage, system calls.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"time"
)

type shared struct {
	sync.Mutex
	words map[string]int
}

func descend(depth int) int {
	if depth == 0 {
		return len(strings.Repeat("x", 100))
	}
	return 1 + descend(depth-1)
}

func (s *shared) count(in <-chan []int) {
	for numbers := range in {
		sort.Slice(numbers, func(a, b int) bool { return numbers[a] < numbers[b] })
		s.Lock()
		for _, n := range numbers[:100] {
			s.words[fmt.Sprint(n%977)]++
		}
		s.Unlock()
		descend(50)
	}
}

func produce(out chan<- []int) {
	for round := 0; ; round++ {
		numbers := make([]int, 5000)
		for i := range numbers {
			numbers[i] = (i*7919 + round) % 10007
		}
		out <- numbers
		time.Sleep(time.Millisecond)
	}
}

func ask(address string) {
	for {
		answer, err := http.Get("http://" + address + "/")
		if err != nil {
			continue
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

func reread() {
	for {
		text, _ := os.ReadFile("/proc/self/maps")
		if len(text) == 0 {
			panic("no maps")
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func main() {
	s := &shared{words: map[string]int{}}
	numbers := make(chan []int, 4)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	for i := 0; i < 3; i++ {
		go s.count(numbers)
		go produce(numbers)
	}
	go reread()
	go ask(listener.Addr().String())
	go ask(listener.Addr().String())
	go func() { select {} }()
	fmt.Println("ready")
	http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Lock()
		defer s.Unlock()
		json.NewEncoder(w).Encode(s.words)
	}))
}
