package main

import (
	"embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // makes packages for Debian
	packed "github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm" // and for Fedora
)

const home = "https://github.com/open-nomad/rpcproxy"

// maintainer is who packages say is to be asked.
const maintainer = "open-nomad <open-nomad@users.noreply.github.com>"

// scripts are what package managers run before and after what they do.
//
//go:embed package
var scripts embed.FS

// deb writes the package for Debian.
func (b *build) deb() error {
	changes, err := compressed(fmt.Appendf(nil, "rpcproxy (%s) unstable; urgency=medium\n\n  * %s/blob/v%s/CHANGELOG.md\n\n -- %s  %s\n",
		debian(b.version), home, b.version, maintainer, b.time.Format(time.RFC1123Z)))
	if err != nil {
		return err
	}
	extra := []file{
		{"usr/share/doc/rpcproxy/changelog.gz", 0o644, changes},
		{"usr/share/doc/rpcproxy/copyright", 0o644, b.copyright()},
	}
	overrides, err := files(scripts, "package/deb/overrides", "")
	if err != nil {
		return err
	}
	extra = append(extra, file{"usr/share/lintian/overrides/rpcproxy", 0o644, overrides[0].data})
	return b.pack("deb", "usr/share/zsh/vendor-completions/_rpcproxy", extra, &nfpm.Info{
		Section: "net", Priority: "optional",
		Overridables: nfpm.Overridables{
			Depends: []string{"adduser"},
			Scripts: b.scripts("deb", "postinst", "prerm", "postrm"),
		},
	})
}

// rpm writes the package for Fedora and its kin.
func (b *build) rpm() error {
	license, err := files(os.DirFS(b.dir), "LICENSE", "usr/share/licenses/rpcproxy/")
	if err != nil {
		return err
	}
	return b.pack("rpm", "usr/share/zsh/site-functions/_rpcproxy", license, &nfpm.Info{
		License: "MPL-2.0", Release: "1",
		Overridables: nfpm.Overridables{
			Depends: []string{"shadow-utils"},
			Scripts: b.scripts("rpm", "post", "preun", "postun", "pre"),
			RPM:     nfpm.RPM{BuildHost: "localhost", Summary: "Nomad RPC over the server that works"},
		},
	})
}

// scripts are the paths of the scripts for one kind of package, which are written into the work directory.
func (b *build) scripts(kind, postInstall, preRemove, postRemove string, preInstall ...string) nfpm.Scripts {
	in := func(name string) string { return filepath.Join(b.work, kind, name) }
	s := nfpm.Scripts{PostInstall: in(postInstall), PreRemove: in(preRemove), PostRemove: in(postRemove)}
	if len(preInstall) > 0 {
		s.PreInstall = in(preInstall[0])
	}
	return s
}

// pack writes one package: with what both kinds have, and what is the kind's own.
func (b *build) pack(kind, zsh string, extra []file, info *nfpm.Info) error {
	own, err := files(scripts, "package/"+kind+"/*", "")
	if err != nil {
		return err
	}
	all, err := b.installed(zsh)
	if err != nil {
		return err
	}
	all = append(all, extra...)
	for _, f := range slices.Concat(own, all) {
		path := filepath.Join(b.work, kind, f.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.data, f.mode); err != nil {
			return err
		}
	}
	for _, f := range all {
		c := &packed.Content{
			Source: filepath.Join(b.work, kind, f.path), Destination: "/" + f.path,
			FileInfo: &packed.ContentFileInfo{Owner: "root", Group: "root", Mode: f.mode, MTime: b.time},
		}
		switch {
		case strings.HasPrefix(f.path, "etc/"):
			c.Type = packed.TypeConfigNoReplace
		case kind == "rpm" && strings.HasPrefix(f.path, "usr/share/doc/"):
			c.Type = packed.TypeRPMDoc
		case strings.HasPrefix(f.path, "usr/share/licenses/"):
			c.Type = packed.TypeRPMLicense
		}
		info.Contents = append(info.Contents, c)
	}
	if kind == "rpm" {
		info.Contents = append(info.Contents, b.directories(all)...)
	}
	info.Name, info.Arch, info.Platform, info.Version = "rpcproxy", b.arch, "linux", b.version
	info.Maintainer, info.Homepage, info.MTime, info.DisableGlobbing = maintainer, home, b.time, true
	info.Description = `Nomad RPC over the server that works
 The sidecar stands between a Nomad client agent and the servers of its
 cluster: the agent connects to it as to a server, and what the agent asks is
 carried to the server that works, and to the next one when it fails. The
 program also pings, calls, watches and examines servers.`
	if kind == "rpm" {
		_, text, _ := strings.Cut(info.Description, "\n")
		info.Description = strings.ReplaceAll(strings.TrimSpace(text), "\n ", "\n")
	}
	info = nfpm.WithDefaults(info)
	if err := nfpm.PrepareForPackager(info, kind); err != nil {
		return err
	}
	packager, err := nfpm.Get(kind)
	if err != nil {
		return err
	}
	return b.write(packager.ConventionalFileName(info), func(w io.Writer) error { return packager.Package(info, w) })
}

// installed is what both kinds of packages install.
func (b *build) installed(zsh string) ([]file, error) {
	program, err := b.programFile("usr/bin/rpcproxy")
	if err != nil {
		return nil, err
	}
	repository, err := gather(os.DirFS(b.dir), map[string]string{
		"docs/sidecar/sidecar.hcl":      "etc/rpcproxy/",
		"docs/sidecar/rpcproxy.*":       "usr/lib/systemd/system/",
		"docs/sidecar/nomad-client.hcl": "usr/share/doc/rpcproxy/examples/",
		"docs/sidecar.md":               "usr/share/doc/rpcproxy/",
	})
	if err != nil {
		return nil, err
	}
	pages, err := gather(os.DirFS(b.pages), map[string]string{
		"man/*": "usr/share/man/man1/", "completions/rpcproxy": "usr/share/bash-completion/completions/",
		"completions/rpcproxy.fish": "usr/share/fish/vendor_completions.d/", "completions/_rpcproxy": filepath.Dir(zsh) + "/",
	})
	if err != nil {
		return nil, err
	}
	all := slices.Concat([]file{program}, repository, pages)
	for i, f := range all {
		switch {
		case strings.HasPrefix(f.path, "usr/share/man/"):
			if all[i].data, err = compressed(f.data); err != nil {
				return nil, err
			}
			all[i].path += ".gz"
		case strings.HasSuffix(f.path, ".service"):
			// Administrators install below /usr/local, packages do not.
			text := strings.ReplaceAll(string(f.data), "/usr/local/bin/rpcproxy", "/usr/bin/rpcproxy")
			if !strings.Contains(text, "ExecStart=/usr/bin/rpcproxy ") {
				return nil, fmt.Errorf("%s does not start /usr/local/bin/rpcproxy", f.path)
			}
			all[i].data = []byte(text)
		}
	}
	return all, nil
}

// copyright is the license as Debian has it.
func (b *build) copyright() []byte {
	return fmt.Appendf(nil, `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: rpcproxy
Source: %s

Files: *
Copyright: %d the authors of rpcproxy
License: MPL-2.0
 On Debian systems, the complete text of the Mozilla Public License, version 2.0,
 can be found in /usr/share/common-licenses/MPL-2.0. The modules that are linked
 into the program, with their versions, are listed by: go version -m rpcproxy
`, home, b.time.Year())
}

// debian is a version as Debian sorts it: what comes before a release has a tilde.
func debian(version string) string { return strings.Replace(version, "-", "~", 1) }
