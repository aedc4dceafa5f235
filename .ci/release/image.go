package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// nobody is the user that containers run as.
const nobody = "65534:65534"

// image writes an image as an archive in OCI's layout. There is nothing in it but the program, the
// certificates of public authorities (for Consul over TLS), and the names of two users.
func (b *build) image() error {
	program, err := b.programFile("usr/bin/rpcproxy")
	if err != nil {
		return err
	}
	var layer bytes.Buffer
	err = writeTar(&layer, []file{
		program,
		{"etc/passwd", 0o644, []byte("root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n")},
		{"etc/group", 0o644, []byte("root:x:0:\nnobody:x:65534:\n")},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, authorities()},
	}, b.time)
	if err != nil {
		return err
	}
	blobs := map[string][]byte{}
	add := func(kind string, data []byte) map[string]any {
		sum := fmt.Sprintf("%x", sha256.Sum256(data))
		blobs["blobs/sha256/"+sum] = data
		return map[string]any{"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + sum, "size": len(data)}
	}
	zipped, err := compressed(layer.Bytes())
	if err != nil {
		return err
	}
	labels := map[string]string{
		"org.opencontainers.image.title":    "rpcproxy",
		"org.opencontainers.image.version":  b.version,
		"org.opencontainers.image.revision": b.commit,
		"org.opencontainers.image.created":  b.time.Format(time.RFC3339),
		"org.opencontainers.image.licenses": "MPL-2.0",
		"org.opencontainers.image.source":   home,
	}
	config := add("config.v1+json", asJSON(map[string]any{
		"created": b.time.Format(time.RFC3339), "os": b.os, "architecture": b.arch,
		"config": map[string]any{"User": nobody, "Entrypoint": []string{"/usr/bin/rpcproxy"}, "Cmd": []string{"help"}, "WorkingDir": "/", "Labels": labels},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer.Bytes()))}},
	}))
	manifest := add("manifest.v1+json", asJSON(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "annotations": labels,
		"config": config, "layers": []any{add("layer.v1.tar+gzip", zipped)},
	}))
	manifest["platform"] = map[string]string{"os": b.os, "architecture": b.arch}
	manifest["annotations"] = map[string]string{"org.opencontainers.image.ref.name": b.version, "io.containerd.image.name": "rpcproxy:" + b.version}
	all := []file{
		{"oci-layout", 0o644, []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{"index.json", 0o644, asJSON(map[string]any{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []any{manifest}})},
	}
	for name, data := range blobs {
		all = append(all, file{name, 0o644, data})
	}
	return b.write(b.name()+".oci.tar", func(w io.Writer) error { return writeTar(w, all, b.time) })
}

// asJSON is v in JSON, with sorted keys.
func asJSON(v map[string]any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers, maps and lists
	}
	return data
}

// authorities are the certificates that programs trust without being told, in PEM.
func authorities() []byte {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
	}
	return text.Bytes()
}
