package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

type query struct {
	Region     string
	AllowStale bool
}

// ask makes one call on a session of its own, which ends with it.
func (r *recorder) ask(ctx context.Context, addr, method string, reply any) error {
	session, err := plainclient.Dial(ctx, addr, plainclient.Config{TLS: r.tls, Handle: handle})
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = session.Close() })()
	return session.Call(method, query{Region: r.region, AllowStale: true}, reply)
}

// find returns the servers for the conversations, as far as they were named: the
// leader, and one that does not lead. The error reports why no leader is known.
func (r *recorder) find(ctx context.Context, servers []string) (map[role]string, error) {
	var leader string
	var failed []error
	for _, addr := range servers {
		if err := r.ask(ctx, addr, "Status.Leader", &leader); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", addr, err))
			continue
		}
		if leader != "" {
			break
		}
	}
	if leader == "" {
		return nil, errors.Join(append(failed, errors.New("no server knows a leader"))...)
	}
	found := map[role]string{}
	if slices.Contains(servers, leader) {
		found[withLeader] = leader
	}
	for _, addr := range servers {
		if addr != leader {
			found[withFollower] = addr
			break
		}
	}
	return found, nil
}

// version asks a server for its version.
func (r *recorder) version(ctx context.Context, addr string) (string, error) {
	var reply struct {
		ServerName string
		Members    []struct {
			Name string
			Tags map[string]string
		}
	}
	if err := r.ask(ctx, addr, "Status.Members", &reply); err != nil {
		return "", err
	}
	for _, m := range reply.Members {
		if m.Name == reply.ServerName || m.Name == reply.ServerName+"."+r.region {
			return m.Tags["build"], nil
		}
	}
	return "", fmt.Errorf("%s does not list itself, %q, among its members", addr, reply.ServerName)
}

// answerLimit is how long an answer is waited for: longer than a server holds a call
// without a leader, and than the heartbeats of an event stream are apart.
const answerLimit = 15 * time.Second
