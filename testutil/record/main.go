package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "record:", contain.Text(err)) // a server's words may be in it
		os.Exit(1)
	}
}

// say writes a line. An output that is gone does not end the recording.
func say(out io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) }

// run records what args say. Questions go to out, and their answers come from in.
func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("record", flag.ContinueOnError)
	flags.SetOutput(out)
	servers := flags.String("servers", "", "host:port of the servers to call, with commas between; without a follower among them, no follower is recorded")
	dir := flags.String("out", "", "directory for the recordings; it is made")
	names := flags.String("conversations", "", "names of recordings, with commas between; empty: all that calls alone can record")
	region := flags.String("region", "global", "region of the servers")
	ca := flags.String("ca", "", "PEM file of the authority that signs the servers; empty: no TLS")
	cert := flags.String("cert", "", "PEM file of the client's certificate")
	key := flags.String("key", "", "PEM file of the client's key")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *servers == "" || *dir == "" {
		return errors.New("name the servers and the directory: make record SERVERS=10.0.0.1:4647 OUT=dir")
	}
	chosen, err := choose(*names)
	if err != nil {
		return err
	}
	r := &recorder{region: *region, patience: answerLimit}
	if r.tls, err = clientTLS(*ca, *cert, *key, *region); err != nil {
		return err
	}
	if err := mayReplace(*dir, chosen, in, out); err != nil {
		return err
	}
	return r.all(ctx, strings.Split(*servers, ","), chosen, *dir, out)
}

// clientTLS is the configuration of a client that trusts the authority; nil without
// one.
func clientTLS(ca, cert, key, region string) (*tls.Config, error) {
	if ca == "" {
		if cert != "" || key != "" {
			return nil, errors.New("a certificate without an authority: name its PEM file, too (CA=...)")
		}
		return nil, nil
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool(), ServerName: "server." + region + ".nomad"}
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%q holds no certificate", ca)
	}
	if cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

func file(dir string, c conversation) string { return filepath.Join(dir, c.golden.Name+".json") }

// mayReplace asks whether files that are there may be replaced. The error reports that
// they may not.
func mayReplace(dir string, chosen []conversation, in io.Reader, out io.Writer) error {
	var there []string
	for _, c := range chosen {
		if _, err := os.Stat(file(dir, c)); err == nil {
			there = append(there, file(dir, c))
		}
	}
	if len(there) == 0 {
		return nil
	}
	say(out, "These files are there:\n  %s\nReplace them? [y/N] ", strings.Join(there, "\n  "))
	answer, err := bufio.NewReader(in).ReadString('\n')
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer == "y" || answer == "yes" {
		return nil
	}
	if err == io.EOF {
		err = nil
	}
	return errors.Join(errors.New("nothing was recorded: files would be replaced"), err)
}

// all records the conversations one after the other. The error joins those of the
// conversations that could not be recorded; the others are written.
func (r *recorder) all(ctx context.Context, servers []string, chosen []conversation, dir string, out io.Writer) error {
	found, err := r.find(ctx, servers)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var failed []error
	for _, c := range chosen {
		addr, ok := found[c.with]
		if !ok {
			say(out, "%-20s not recorded: name %s, too\n", c.golden.Name, [...]string{"the leader", "a follower"}[c.with])
			continue
		}
		if err := r.one(ctx, addr, c, dir, out); err != nil {
			failed = append(failed, fmt.Errorf("%s, with %s: %w", c.golden.Name, addr, err))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(excluded)) {
		say(out, "%-20s not recorded: it needs %s\n", name, excluded[name])
	}
	return errors.Join(failed...)
}

// one records a conversation and writes it.
func (r *recorder) one(ctx context.Context, addr string, c conversation, dir string, out io.Writer) error {
	version, err := r.version(ctx, addr)
	if err != nil {
		return err
	}
	fresh, err := r.record(ctx, addr, c.golden)
	if err != nil {
		return err
	}
	fresh.NomadVersion = version
	fresh.Facts = map[string]any{"connected_to": addr}
	b, err := json.MarshalIndent(fresh, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file(dir, c), append(b, '\n'), 0o644); err != nil {
		return err
	}
	say(out, "%-20s Nomad %s at %s\n", c.golden.Name, printable.Name(version), addr)
	for _, d := range differences(c.golden, fresh) {
		say(out, "  %s\n", printable.Text(d))
	}
	return nil
}
