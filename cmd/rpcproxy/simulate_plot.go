package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy/fleet"
	"github.com/open-nomad/rpcproxy/proxy/fleet/plot"
)

// plotFile is the file of --plot. The new one takes the place of an old one at once, or not
// at all.
type plotFile struct {
	path string
	html bool
}

// newPlotFile looks whether the file can be written, before a long run.
func newPlotFile(path string) (*plotFile, error) {
	p := &plotFile{path: path}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".svg":
	case ".html", ".htm":
		p.html = true
	default:
		return nil, fmt.Errorf("--plot is %s: give a file that ends in .svg or .html", printable.Quote(path, printable.MaxName))
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		what := "it is no regular file"
		if info.IsDir() {
			what = "it is a directory"
		}
		return nil, p.unwritten(errors.New(what))
	}
	f, err := p.create()
	if err != nil {
		return nil, p.unwritten(err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return nil, p.unwritten(err)
	}
	return p, nil
}

// create makes the new file beside the old one, with the rights that new files have.
func (p *plotFile) create() (*os.File, error) {
	dir, name := filepath.Split(p.path)
	for i := 0; ; i++ {
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf(".%.200s.%d-%d", name, os.Getpid(), i)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) || i == 100 {
			return f, err
		}
	}
}

// draw draws the runs.
func (p *plotFile) draw(c *fleet.Comparison) error {
	about, _, _ := strings.Cut(c.Scenario.About, "\n")
	figure := plot.Figure{About: about, Marks: c.Scenario.Marks}
	cfg, scale := c.Scenario.Config, 1.0
	name := strings.TrimSuffix(filepath.Base(c.Scenario.Name), ".fleet")
	figure.Title = fmt.Sprintf("%s: %d clients, %d servers, seed %d", printable.Line(name, maxField), max(cfg.Nodes, cfg.Agents), cfg.Servers, c.Seed)
	if cfg.Agents > 0 && cfg.Nodes > cfg.Agents {
		scale = float64(cfg.Nodes) / float64(cfg.Agents)
		figure.Title += fmt.Sprintf(" (%d simulated)", cfg.Agents)
	}
	for _, r := range c.Runs {
		figure.Runs = append(figure.Runs, plot.Run{Name: r.Policy.String(), Series: r.Series, Scale: scale})
	}
	write := figure.SVG
	if p.html {
		write = figure.HTML
	}
	var picture bytes.Buffer
	if err := write(&picture); err != nil {
		return p.unwritten(err)
	}
	f, err := p.create()
	if err != nil {
		return p.unwritten(err)
	}
	_, err = io.Copy(f, &picture)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), p.path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // what is written of it is of no use
		return p.unwritten(err)
	}
	return nil
}

// unwritten says why there is no plot, without the name that the file has meanwhile.
func (p *plotFile) unwritten(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err
	} else if at, ok := errors.AsType[*os.LinkError](err); ok {
		err = at.Err
	}
	dir, _ := filepath.Split(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no directory %s", printable.Quote(dir, printable.MaxName))
	}
	return fmt.Errorf("--plot: %s cannot be written: %w", printable.Quote(p.path, printable.MaxName), contain.Error(err))
}
