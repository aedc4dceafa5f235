//go:build unix

package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/status"
)

// fetchUnix asks at a Unix socket.
func fetchUnix(t *testing.T, path, page string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
	ctx, stop := context.WithTimeout(t.Context(), limit)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://sidecar/"+page, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestASidecarIsShownOverHTTP(t *testing.T) {
	c := startCluster(t)
	file := filepath.Join(t.TempDir(), "sidecar.hcl")
	config := "listen = [\"127.0.0.1:0\"]\nstatus = \"127.0.0.1:0\"\nlog_level = \"debug\"\nservers = " + quotedList(c.Addrs()) + "\n"
	write(t, file, config)
	if out, errs, code := program(t, "sidecar", "--config", file, "--check"); code != exitOK {
		t.Fatalf("%d, %q, %q", code, out, errs)
	}
	p := startProcess(t, nil, nil, "sidecar", "--config", file)
	places := map[string]string{} // the lines come in any order
	for len(places) < 2 {
		line := p.says("sidecar ", "address")
		places[fmt.Sprint(line["message"])] = fmt.Sprint(line["address"])
	}
	agents, url := places["sidecar serves agents"], places["sidecar is shown over HTTP"]
	if leader := leaderThrough(t, agents); leader != c.Leader() {
		t.Error(leader)
	}
	code, body := fetch(t, url+"healthz")
	var health status.Health
	if err := json.Unmarshal([]byte(body), &health); err != nil || code != http.StatusOK || !health.Healthy {
		t.Errorf("%d, %s, %v", code, body, err)
	}
	if code, body := fetch(t, url); code != http.StatusOK || !strings.Contains(body, "<!DOCTYPE html>") && !strings.Contains(body, "<!doctype html>") {
		t.Errorf("%d, %.100s", code, body)
	}

	// What is reloaded is in the archive; what takes a restart is as it was.
	write(t, file, strings.Replace(strings.Replace(config, "debug", "warn", 1), `status = "127.0.0.1:0"`, "", 1))
	p.signal(syscall.SIGHUP)
	if line := p.says("takes a restart"); line["setting"] != "status" {
		t.Error(line)
	}
	p.says("read anew")
	_, archive := fetch(t, url+"debug/bundle.zip")
	settings := inArchive(t, archive, "configuration.json")
	for _, want := range []string{`"log_level": "warn"`, `"status": "127.0.0.1:0"`, `"Accepted": 1`} {
		if !strings.Contains(settings, want) {
			t.Errorf("%s\nhas no %s", settings, want)
		}
	}
	p.signal(syscall.SIGTERM)
	p.ends()
	if code, _ := fetch(t, url); code != 0 {
		t.Error("it is shown after its end")
	}
}

func inArchive(t *testing.T, archive, name string) string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestASidecarIsShownAtASocketOfItsOwn(t *testing.T) {
	c := startCluster(t)
	path := filepath.Join(t.TempDir(), "status")
	args := []string{"sidecar", "--listen", "127.0.0.1:0", "--servers", strings.Join(c.Addrs(), ","), "--status", "unix:" + path}
	p := startProcess(t, nil, nil, args...)
	if line := p.says("sidecar is shown over HTTP"); line["address"] != "unix:"+path {
		t.Error(line)
	}
	if code, body := fetchUnix(t, path, "snapshot.json"); code != http.StatusOK || !strings.Contains(body, c.Addrs()[0]) {
		t.Errorf("%d, %s", code, body)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v, %v", info, err)
	}
	// A second one does not take it away, and does not begin.
	second := startProcess(t, nil, nil, args...)
	for line := range second.lines {
		second.seen = append(second.seen, line)
	}
	if err := <-second.ended; err == nil || !strings.Contains(strings.Join(second.seen, "\n"), "another process listens there") {
		t.Errorf("%v, %q", err, second.seen)
	}
	// One that is killed leaves its socket behind, which the next one replaces.
	p.signal(syscall.SIGKILL)
	for line := range p.lines {
		p.seen = append(p.seen, line)
	}
	p = startProcess(t, nil, nil, args...)
	p.says("sidecar is shown over HTTP")
	if code, _ := fetchUnix(t, path, "healthz"); code != http.StatusOK {
		t.Error(code)
	}
	p.signal(syscall.SIGTERM)
	p.ends()
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is left")
	}
}
