//go:build unix

package main

import (
	"archive/zip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The Consul here tells whoever asks what it was asked with.
func TestASidecarShowsNoSecretOfItsConfigurationOrOfOthers(t *testing.T) {
	const token, password, identity, key = "5ec4e700-1111-2222-3333-444444444444", "hush-1-hush", "eyJhbGciOi.eyJhush2.c2ln", "hush-3-hush"
	asked := make(chan string, 1000)
	consul := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, sent, _ := r.BasicAuth()
		select {
		case asked <- r.Header.Get("X-Consul-Token") + sent:
		default:
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, "token %s, identity %s, http://me:%s@host, -----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----", r.Header.Get("X-Consul-Token"), identity, password, key)
	}))
	defer consul.Close()
	dir := t.TempDir()
	file, tokenFile := filepath.Join(dir, "sidecar.hcl"), filepath.Join(dir, "token")
	write(t, tokenFile, token+"\n")
	write(t, file, fmt.Sprintf(`
listen    = ["127.0.0.1:0"]
status    = "127.0.0.1:0"
log_level = "debug"
discover {
  consul {
    enabled    = true
    address    = %q
    token_file = %q
  }
}
`, consul.URL, tokenFile))
	p := startProcess(t, []string{"CONSUL_HTTP_AUTH=me:" + password}, nil, "sidecar", "--config", file)
	url := fmt.Sprint(p.says("sidecar is shown over HTTP")["address"])
	if sent := <-asked; sent != token+password {
		t.Fatalf("Consul was asked with %q", sent)
	}
	p.says("status 403")
	texts := map[string]string{}
	for _, path := range []string{"", "snapshot.json", "state.json", "healthz"} {
		_, texts[path] = fetch(t, url+path)
	}
	_, archive := fetch(t, url+"debug/bundle.zip")
	z, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		texts[f.Name] = string(text)
	}
	p.signal(syscall.SIGTERM)
	p.ends()
	texts["the log"], texts["standard output"] = strings.Join(p.seen, "\n"), p.out.String()
	if len(texts) < 13 || !strings.Contains(texts["configuration.json"], "discover.consul.token_file") {
		t.Errorf("%d places are looked at: %s\n%s", len(texts), texts["configuration.json"], texts["the log"])
	}
	for place, text := range texts {
		for _, secret := range []string{token, password, "eyJhush2", key} {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s has a secret: ...%s", place, text[max(at-200, 0):min(at+60, len(text))])
			}
		}
	}
}
