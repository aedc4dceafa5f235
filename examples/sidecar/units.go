package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// service is what two units say of a program.
type service struct {
	listen string     // ListenStream of the socket
	start  []string   // ExecStart
	reload [][]string // ExecReload, one after the other; $MAINPID is the program
	pause  time.Duration
	end    time.Duration // how long it may take to end
}

// load reads rpcproxy.socket and rpcproxy.service in a directory.
func load(dir string) (service, error) {
	socket, err := unit(filepath.Join(dir, "rpcproxy.socket"))
	if err != nil {
		return service{}, err
	}
	of, err := unit(filepath.Join(dir, "rpcproxy.service"))
	if err != nil {
		return service{}, err
	}
	s := service{}
	for name, into := range map[string]*time.Duration{"RestartSec": &s.pause, "TimeoutStopSec": &s.end} {
		if *into, err = time.ParseDuration(strings.Join(of["Service."+name], " ") + "s"); err != nil {
			return service{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, command := range of["Service.ExecReload"] {
		s.reload = append(s.reload, strings.Fields(command))
	}
	listen, start := socket["Socket.ListenStream"], of["Service.ExecStart"]
	if len(listen) != 1 || len(start) != 1 || len(strings.Fields(start[0])) == 0 {
		return service{}, fmt.Errorf("%s: there must be one ListenStream and one ExecStart, not %q and %q", dir, listen, start)
	}
	s.listen, s.start = listen[0], strings.Fields(start[0])
	return s, nil
}

// unit reads the settings of a unit, by section and name.
func unit(file string) (map[string][]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	section, all := "", map[string][]string{}
	for n, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		name, value, isSetting := strings.Cut(line, "=")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = strings.Trim(line, "[]")
		case isSetting && section != "":
			all[section+"."+name] = append(all[section+"."+name], value)
		default:
			return nil, fmt.Errorf("%s:%d: %q is neither a section nor a setting", file, n+1, line)
		}
	}
	return all, nil
}
