package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// roleVar is the variable of the environment that makes this program the attacker or
// the victim of one scenario.
const roleVar = "RPCPROXY_HOSTILE_ROLE"

// playRole plays the role that the environment names, and returns the exit code. It
// ends when its input does, so that no process is left when the rig has ended.
func playRole(role string) int {
	in := bufio.NewReader(os.Stdin)
	var o order
	line, err := in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &o)
	}
	words := make(chan string, 4)
	go listen(in, words)
	if err == nil {
		switch role {
		case "attacker":
			err = playAttacker(o, words)
		case "victim":
			err = playVictim(o, words)
		default:
			err = fmt.Errorf("%s=%q: give attacker or victim", roleVar, role)
		}
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "hostile: %s of %s: %v\n", role, o.Scenario, err)
		return 1
	}
	return 0
}

// listen passes the words on. The process ends with its input.
func listen(in *bufio.Reader, words chan<- string) {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			os.Exit(0)
		}
		words <- line[:len(line)-1]
	}
}

// playAttacker starts the attack, tells its target, and says when it is over.
func playAttacker(o order, words <-chan string) error {
	s, err := find(o.Scenario)
	if err != nil {
		return err
	}
	st := &stage{ctx: context.Background(), dir: o.Dir, up: make(chan struct{}), ended: make(chan struct{}, 1)}
	t, err := s.attack(st)
	if err != nil {
		return err
	}
	if err := tell(t); err != nil {
		return err
	}
	for {
		select {
		case word := <-words:
			if word == wordUp {
				close(st.up)
			}
		case <-st.ended:
			if _, err := io.WriteString(os.Stdout, wordEnd+"\n"); err != nil {
				return err
			}
		}
	}
}
