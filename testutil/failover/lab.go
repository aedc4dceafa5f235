//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// lab is the network: hosts on one bridge, each in a namespace of its own.
type lab struct {
	prefix string // of the names of all its namespaces
	spaces []string
}

// host is one namespace with one interface.
type host struct {
	space string // the namespace
	port  string // its link on the bridge
	ip    string
}

const bridge = "bridge0"

// newLab makes a bridge without hosts. The error reports what is missing.
func newLab() (*lab, error) {
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("network namespaces need root: run this as root (sudo make failover)")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return nil, fmt.Errorf("the program ip is missing: install the package iproute2")
	}
	sweep()
	l := &lab{prefix: fmt.Sprintf("fo-%d-", os.Getpid())}
	if err := l.space("hub"); err != nil {
		return nil, err
	}
	err := l.hub("link add "+bridge+" type bridge", "link set "+bridge+" up")
	return l, err
}

// ip runs the command ip.
func ip(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// space makes a namespace.
func (l *lab) space(name string) error {
	if err := ip("netns", "add", l.prefix+name); err != nil {
		return err
	}
	l.spaces = append(l.spaces, l.prefix+name)
	return within(l.prefix+name, "link set lo up")
}

// within runs commands of ip in a namespace.
func within(space string, commands ...string) error {
	for _, c := range commands {
		if err := ip(append([]string{"-n", space}, strings.Fields(c)...)...); err != nil {
			return err
		}
	}
	return nil
}

// hub runs commands of ip where the bridge is.
func (l *lab) hub(commands ...string) error { return within(l.prefix+"hub", commands...) }

// host adds a host to the bridge.
func (l *lab) host(name, addr string) (host, error) {
	h := host{space: l.prefix + name, port: "p-" + name, ip: addr}
	if err := l.space(name); err != nil {
		return h, err
	}
	if err := l.hub("link add "+h.port+" type veth peer name eth0 netns "+h.space,
		"link set "+h.port+" master "+bridge+" up"); err != nil {
		return h, err
	}
	err := within(h.space, "addr add "+addr+"/16 dev eth0", "link set eth0 up")
	return h, err
}

// unplug takes a host's link off the bridge; plug puts it back.
func (l *lab) unplug(h host) error { return l.hub("link set " + h.port + " nomaster") }

func (l *lab) plug(h host) error { return l.hub("link set " + h.port + " master " + bridge) }

// misdirect makes a host send the packets for another one to an address that no host
// has; direct ends that.
func misdirect(h host, to string) error {
	return within(h.space, "neigh replace "+to+" lladdr 02:00:00:00:de:ad nud permanent dev eth0")
}

func direct(h host, to string) error { return within(h.space, "neigh del "+to+" dev eth0") }

// remove ends the lab. Its processes must have ended.
func (l *lab) remove() {
	for _, s := range l.spaces {
		if err := ip("netns", "del", s); err != nil {
			say("cannot remove: %v", err)
		}
	}
	l.spaces = nil
}

var ours = regexp.MustCompile(`(?m)^fo-(\d+)-\w+`)

// sweep removes the namespaces of runs that were killed.
func sweep() {
	out, err := exec.Command("ip", "netns", "list").Output()
	if err != nil {
		return // the next command reports the error
	}
	for _, m := range ours.FindAllStringSubmatch(string(out), -1) {
		if pid, err := strconv.Atoi(m[1]); err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			_ = ip("netns", "del", m[0]) // it does not matter to this run
		}
	}
}
