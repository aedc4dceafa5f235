package testutil

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// mounter is a program of the package fuse3 that mounts for a user who may not.
const mounter = "fusermount3"

// MountSilent mounts a file system at dir that answers nothing: whoever opens a file there,
// or asks for it, waits until end is called, which may be called again. Without the right to
// mount it needs fusermount3. The error says why neither works here.
func MountSilent(dir string) (end func(), err error) {
	fuse, err := mountSilent(dir)
	if err == nil {
		return sync.OnceFunc(func() {
			_ = syscall.Close(fuse) // those that wait get an error
			_ = syscall.Unmount(dir, syscall.MNT_DETACH)
		}), nil
	}
	fuse, helped := askToMount(dir)
	if helped != nil {
		return nil, fmt.Errorf("no silent file system can be mounted: %w; %w", err, helped)
	}
	return sync.OnceFunc(func() {
		_ = syscall.Close(fuse)
		_ = exec.Command(mounter, "-u", "-q", "-z", "--", dir).Run()
	}), nil
}

// mountSilent mounts as root does, and returns the descriptor on which nobody answers.
func mountSilent(dir string) (fuse int, err error) {
	fuse, err = syscall.Open("/dev/fuse", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("/dev/fuse: %w", err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=%d", fuse, os.Getuid(), os.Getgid())
	if err := syscall.Mount("rpcproxy-silent", dir, "fuse", syscall.MS_NOSUID|syscall.MS_NODEV, options); err != nil {
		_ = syscall.Close(fuse)
		return -1, fmt.Errorf("mount: %w", err)
	}
	return fuse, nil
}

// askToMount has fusermount3 mount, which sends the descriptor back over a socket.
func askToMount(dir string) (fuse int, err error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	defer func() { _ = ours.Close() }()
	cmd := exec.Command(mounter, "-o", "fsname=rpcproxy-silent,nosuid,nodev", "--", dir)
	cmd.Env, cmd.ExtraFiles = append(os.Environ(), "_FUSE_COMMFD=3"), []*os.File{theirs}
	said, err := cmd.CombinedOutput()
	_ = theirs.Close()
	if err != nil {
		return -1, fmt.Errorf("%s: %w: %s", mounter, err, strings.TrimSpace(string(said)))
	}
	body, rights := make([]byte, 1), make([]byte, syscall.CmsgSpace(4))
	_, n, _, _, err := syscall.Recvmsg(pair[0], body, rights, syscall.MSG_CMSG_CLOEXEC)
	if err != nil {
		return -1, err
	}
	messages, err := syscall.ParseSocketControlMessage(rights[:n])
	if err != nil {
		return -1, err
	}
	for _, m := range messages {
		if sent, err := syscall.ParseUnixRights(&m); err == nil && len(sent) == 1 {
			return sent[0], nil
		}
	}
	return -1, errors.New(mounter + " sent no descriptor")
}
