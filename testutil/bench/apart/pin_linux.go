package apart

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// allowed returns the CPUs that the process may use. The error is that of the kernel, or says that
// it does not let processes be moved.
func allowed() (cpus []int, err error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("sched_getaffinity: %w", err)
	}
	for cpu := range len(set) * 64 {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	if err := startOn(&cpus[0], func() error { return nil }); err != nil {
		return nil, err
	}
	return cpus, nil
}

// startOn calls start, which starts a process, on a thread that may use one CPU only, which the
// process inherits; on any if that is nil.
func startOn(cpu *int, start func() error) error {
	if cpu == nil {
		return start()
	}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread ends with its goroutine
		var set unix.CPUSet
		set.Set(*cpu)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			started <- fmt.Errorf("sched_setaffinity: %w", err)
			return
		}
		started <- start()
	}()
	return <-started
}
