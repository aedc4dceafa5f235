package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/CycloneDX/cyclonedx-gomod/pkg/generate/bin"
	"github.com/rs/zerolog"
)

// bill writes the bill of materials: the modules that the program says are in it, with their sums.
func (b *build) bill() error {
	generator, err := bin.NewGenerator(b.binary(), bin.WithIncludeStdlib(true), bin.WithLogger(zerolog.Nop()))
	if err != nil {
		return err
	}
	bom, err := generator.Generate()
	if err != nil {
		return err
	}
	bom.Metadata.Timestamp = b.time.Format(time.RFC3339)
	var text bytes.Buffer
	if err := encode(&text, bom); err != nil {
		return err
	}
	// A serial number is a UUID; this one names the content.
	id := sha256.Sum256(text.Bytes())
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	bom.SerialNumber = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16])
	return b.write(b.name()+".cdx.json", func(w io.Writer) error { return encode(w, bom) })
}

func encode(w io.Writer, bom *cyclonedx.BOM) error {
	return cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
}
