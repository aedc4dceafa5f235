package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/demo"
)

// secret stands for a token in these tests: no output may have it.
const secret = "s3cr3t-0b9d8c1e"

// written is the name of a new file with a content.
func written(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestBadArgumentsAreNotRepeated(t *testing.T) {
	c := startCluster(t)
	for args, says := range map[string]string{
		`{"AuthToken":"` + secret + `"`:                        "it ends too early, at byte 30",
		`{"AuthToken":` + secret + `}`:                         "at byte 14",
		`{"AuthToken":"` + secret + `\q"}`:                     "in string escape code",
		`{"AuthToken":"` + secret + "\n" + `"}`:                "in string literal",
		`{"AuthToken":"x"} "` + secret + `"`:                   "goes on behind its first value, at byte 17",
		`"` + secret + `"`:                                     "but a string",
		`["` + secret + `"]`:                                   "but a list",
		`{"n":1e999,"AuthToken":"` + secret + `"}`:             `a number in "n"`,
		`{"n":123456789e999}`:                                  `a number in "n"`,
		secret:                                                 "no JSON",
		"{\n\n  \"AuthToken\": \"" + secret + "\"\n  \"a\": 1": "of line 4",
		`'{"AuthToken":"` + secret + `"}'`:                     "at byte 1",
		"\xff" + secret:                                        "at byte 1",
		`{"AuthToken":"` + secret + `",'x':1}`:                 "beginning of object key string",
	} {
		for _, given := range [][]string{{"--args", args}, {"--args-file", written(t, args)}} {
			out, errs, status := call(t, c, append(given, "Echo.Echo")...)
			expect(t, status, exitUsage, out, errs)
			if strings.Contains(errs, "s3cr") || !strings.Contains(errs, says) || !strings.Contains(errs, given[0]) {
				t.Errorf("%s: %q, want %q and no secret", args, errs, says)
			}
		}
	}
}

func TestASecretAmongTheArgumentsWorksAndWarns(t *testing.T) {
	c := startCluster(t)
	for args, names := range map[string]string{
		`{"AuthToken":"` + secret + `"}`:                          "AuthToken",
		`{"Node":{"SecretID":"` + secret + `"}}`:                  "SecretID",
		`{"a":[{"x":{"MyToken":"` + secret + `"}}],"Secret":"x"}`: "MyToken, Secret",
		`{"secretid":"` + secret + `"}`:                           "secretid",
		`{"AuthToken":""}`:                                        "",
		`{"AuthToken":7}`:                                         "",
		`{"A":"` + secret + `"}`:                                  "",
	} {
		out, errs, status := call(t, c, "Echo.Echo", "--args", args)
		expect(t, status, exitOK, out, errs)
		if strings.Contains(errs, secret) || strings.Contains(errs, "--args has "+names+",") != (names != "") {
			t.Errorf("%s: %q, want a warning of %q", args, errs, names)
		}
		_, errs, status = call(t, c, "Echo.Echo", "--args-file", written(t, args))
		expect(t, status, exitOK, out, errs)
		if errs != "" {
			t.Errorf("%s in a file: %q", args, errs)
		}
	}
}

func TestTheTokenComesFromTheArgumentsThenTheFileThenTheEnvironment(t *testing.T) {
	c := startCluster(t)
	file := written(t, "\n  of-file \n")
	for _, k := range []struct {
		env  string
		args []string
		want string
	}{
		{"", nil, `{"Region":"global"}`},
		{"of-env", nil, `{"AuthToken":"of-env","Region":"global"}`},
		{" of-env\n", nil, `{"AuthToken":"of-env","Region":"global"}`},
		{"", []string{"--token-file", file}, `{"AuthToken":"of-file","Region":"global"}`},
		{"of-env", []string{"--token-file", file}, `{"AuthToken":"of-file","Region":"global"}`},
		{"bad\nenv", []string{"--token-file", file}, `{"AuthToken":"of-file","Region":"global"}`},
		{"of-env", []string{"--token-file", file, "--args", `{"AuthToken":"of-args"}`}, `{"AuthToken":"of-args","Region":"global"}`},
		{"of-env", []string{"--args", `{"AuthToken":""}`}, `{"AuthToken":"","Region":"global"}`},
	} {
		t.Setenv(tokenVariable, k.env)
		out, errs, status := call(t, c, append(k.args, "Echo.Echo")...)
		expect(t, status, exitOK, out, errs)
		if got := compact(t, out); got != k.want {
			t.Errorf("%q and %q: the server got %s, want %s", k.env, k.args, got, k.want)
		}
	}
}

func TestATokenThatCannotBeOneIsRefusedAndNotRepeated(t *testing.T) {
	c := startCluster(t)
	for content, says := range map[string]string{
		"":                            "it is empty",
		"\n":                          "it is empty",
		secret + "\n" + secret:        "more than one line",
		secret + " " + secret:         "a character that no token has",
		secret + "\x00":               "a character that no token has",
		secret + "\u202e":             "a character that no token has",
		strings.Repeat("s", 64<<10+1): "and 65536 are the most",
	} {
		for _, command := range [][]string{
			{"call", "Echo.Echo", "--servers", c.Addrs()[0]},
			{"bench", "--servers", c.Addrs()[0]},
		} {
			t.Setenv(tokenVariable, "")
			out, errs, status := program(t, append(command, "--token-file", written(t, content))...)
			expect(t, status, exitUsage, out, errs)
			if strings.Contains(errs, "s3cr") || !strings.Contains(errs, says) || !strings.Contains(errs, "--token-file") {
				t.Errorf("%.40q: %q, want %q", content, errs, says)
			}
			if len(content) < 4 || strings.Contains(content, "\x00") || len(content) > 1000 {
				continue // unset, or no variable can hold it
			}
			t.Setenv(tokenVariable, content)
			out, errs, status = program(t, command...)
			expect(t, status, exitUsage, out, errs)
			if strings.Contains(errs, "s3cr") || !strings.Contains(errs, says) || !strings.Contains(errs, tokenVariable) {
				t.Errorf("%.40q: %q, want %q", content, errs, says)
			}
		}
	}
	for _, wrong := range []string{"00000000-1111-2222-3333-444444444444", "eyJhbGciOi.eyJhdWQi.c2lnbmF0dXJl", "http://me:444444@host"} {
		for _, args := range [][]string{{wrong}, {"call", "X.Y", "--" + wrong}, {"call", "X.Y", "-" + wrong}, {"ping", "-t", wrong}, {"ping", "--servers", "me:444444@host"}, {"bench", wrong}, {"discover", wrong}, {"help", wrong}} {
			out, errs, status := program(t, args...)
			expect(t, status, exitUsage, out, errs)
			if strings.Contains(errs, "444444") || strings.Contains(errs, "eyJ") {
				t.Errorf("%q: %q", args, errs)
			}
		}
	}
	for file, says := range map[string]string{
		filepath.Join(t.TempDir(), "none"):     "no such file",
		t.TempDir():                            "it is a directory",
		"00000000-1111-2222-3333-444444444444": "looks like a token",
		"eyJhbGciOi.eyJhdWQi.c2lnbmF0dXJl":     "looks like a token",
		"":                                     "cannot be read",
		t.TempDir() + "/a\x1b[2Jb":             `a\x1b[2Jb`,
	} {
		for _, command := range []string{"call X.Y --servers 10.0.0.1", "bench --servers 10.0.0.1"} {
			out, errs, status := program(t, append(strings.Fields(command), "--token-file", file)...)
			expect(t, status, exitUsage, out, errs)
			if !strings.Contains(errs, says) || strings.Contains(errs, "444444") || strings.Contains(errs, "eyJ") {
				t.Errorf("%q: %q, want %q", file, errs, says)
			}
		}
	}
	out, errs, status := program(t, "discover", "consul", "--token-file", "00000000-1111-2222-3333-444444444444")
	expect(t, status, exitUsage, out, errs)
	if strings.Contains(errs, "444444") {
		t.Errorf("%q", errs)
	}
}

func TestNoFlagTakesATokenAndNoneIsRepeated(t *testing.T) {
	for _, args := range []string{
		"call X.Y --servers 10.0.0.1 --token " + secret,
		"call X.Y --servers 10.0.0.1 --token=" + secret,
		"call X.Y --servers 10.0.0.1 -token=" + secret,
		"call X.Y --servers 10.0.0.1 -token " + secret,
		"call X.Y --servers 10.0.0.1 ---token=" + secret,
		"call X.Y --servers 10.0.0.1 --secret-id=" + secret,
		"bench --servers 10.0.0.1 --token " + secret,
		"ping --servers 10.0.0.1 --token " + secret,
		"discover consul --token " + secret,
		"discover dns --token=" + secret,
	} {
		out, errs, status := program(t, strings.Fields(args)...)
		expect(t, status, exitUsage, out, errs)
		if strings.Contains(errs, secret) || !strings.Contains(errs, "--token-file") {
			t.Errorf("%s: %q", args, errs)
		}
	}
}

func TestArgumentsComeFromStandardInput(t *testing.T) {
	c := startCluster(t)
	root := newRoot(demo.Full())
	var out, errs bytes.Buffer
	root.SetIn(strings.NewReader(`{"AuthToken":"` + secret + `"}`))
	root.SetOut(&out)
	root.SetErr(&errs)
	root.SetArgs([]string{"call", "Echo.Echo", ample, "--servers", c.Addrs()[0], "--args-file", "-"})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := compact(t, out.String()), `{"AuthToken":"`+secret+`","Region":"global"}`; got != want || errs.Len() != 0 {
		t.Errorf("%s, want %s; %q", got, want, errs.String())
	}
}

func TestBenchShowsItsTokenToTheServerAlone(t *testing.T) {
	c := startCluster(t)
	t.Setenv(tokenVariable, secret)
	out, errs, status := program(t, "bench", "--servers", c.Addrs()[0], "--method", "Node.UpdateStatus", "--calls", "2")
	expect(t, status, exitFailed, out, errs)
	if strings.Contains(out+errs, secret) {
		t.Errorf("%q, %q", out, errs)
	}
}

func TestNoOutputHasTheToken(t *testing.T) {
	c := startCluster(t)
	t.Setenv(tokenVariable, secret)
	for _, args := range []string{"Node.GetNode --explain", "No.Such --explain", "Node.UpdateStatus --explain", "Node.Register"} {
		out, errs, _ := call(t, c, strings.Fields(args)...)
		if strings.Contains(out+errs, secret) {
			t.Errorf("%s: %q, %q", args, out, errs)
		}
	}
}
