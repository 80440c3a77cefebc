/*
 * The bed's guest: a multiboot kernel of a few KiB that behaves like a workload and says what it does.
 *
 * It is tickless (one-shot local APIC timer), so that an idle guest costs next to nothing; time is the ACPI PM timer,
 * whose rate is fixed by the specification and whose value travels with a migration or a save.
 * On COM1 it prints `READY mem_kib=N` and then `tick 1`, `tick 2`, ... one per second of guest time, none left out: a
 * gap-free sequence across a migration or a restore is the proof that the state moved.
 * Commands are lines: the first letter and the first number of a line count, the rest is for people ("burn 35").
 *   burn N    use N % of a processor, in slices of 50 ms      -> ok burn N
 *   fill      write to every page it owns                     -> ok fill
 *   dirty N   write N MiB/s (0 stops, 4096: all it can)       -> ok dirty N
 *   query     say the state                                   -> ok query burn=N dirty=N
 *   panic     report a crash through pvpanic and halt         -> ok panic
 *   stop      ACPI power-off                                  -> ok stop
 *   reset     reset through the keyboard controller           -> ok reset
 *   triple    triple fault                                    -> ok triple
 * The ACPI power button (virDomainShutdown) prints `power button` and powers off.
 * Ports are those of QEMU's `pc` machine. Built by build.sh.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int s32;

enum {
  COM = 0x3f8,
  PM1_STATUS = 0x600,
  PM1_ENABLE = 0x602,
  PM1_CONTROL = 0x604,
  PM_TIMER = 0x608,
  PM_POWER_BUTTON = 0x100,
  PM_SLEEP = 0x2000,
  PM_HZ = 3579545,
  SLICE = PM_HZ / 20,
  DIRTY_SLICE = PM_HZ / 10,
  PVPANIC = 0x505,
  KEYBOARD_CONTROLLER = 0x64,
  PAGE = 4096,
  OWN_MEMORY = 0x200000, /* above the kernel and its stack */
  LINE = 32,
};

static inline void outb(u16 port, u8 value) { __asm__ volatile("outb %0,%1" ::"a"(value), "Nd"(port)); }
static inline void outw(u16 port, u16 value) { __asm__ volatile("outw %0,%1" ::"a"(value), "Nd"(port)); }
static inline u8 inb(u16 port) {
  u8 value;
  __asm__ volatile("inb %1,%0" : "=a"(value) : "Nd"(port));
  return value;
}
static inline u16 inw(u16 port) {
  u16 value;
  __asm__ volatile("inw %1,%0" : "=a"(value) : "Nd"(port));
  return value;
}
static inline u32 inl(u16 port) {
  u32 value;
  __asm__ volatile("inl %1,%0" : "=a"(value) : "Nd"(port));
  return value;
}

/* Multiboot header (asks for the memory size) and entry. */
__asm__(".section .multiboot,\"a\"\n.align 4\n.long 0x1BADB002, 2, -(0x1BADB002 + 2)\n"
        ".text\n.global _start\n_start: cli\n movl $stack_top, %esp\n pushl %ebx\n call kernel\n1: hlt\n jmp 1b\n"
        ".bss\n.align 16\n.skip 8192\nstack_top:\n.text\n");

static u32 memory_kib, burn_percent, dirty_mib, dirty_cursor = OWN_MEMORY;
static char line[LINE];
static volatile u32 line_length, line_ready, button;

/* --- console --- */
static void put(char c) {
  for (u32 i = 0; i < 100000; i++)
    if (inb(COM + 5) & 0x20) break;
  outb(COM, (u8)c);
}
static void print(const char *s) {
  while (*s) put(*s++);
}
static void print_number(u32 n) {
  char digits[11];
  u32 i = 10;
  digits[10] = 0;
  do {
    digits[--i] = (char)('0' + n % 10);
    n /= 10;
  } while (n);
  print(digits + i);
}
static void say(const char *text, u32 n) {
  print(text);
  print_number(n);
  put('\n');
}
static void receive(char c) {
  if (line_ready) return; /* one command at a time: the sender waits for the answer */
  if (c == '\n' || c == '\r') {
    line[line_length] = 0;
    line_ready = line_length > 0;
    line_length = 0;
  } else if (line_length < LINE - 1) {
    line[line_length++] = c;
  }
}

/* --- interrupts --- */
static volatile u32 *const apic = (u32 *)0xfee00000;
struct frame;
__attribute__((interrupt)) static void on_timer(struct frame *f) {
  (void)f;
  apic[0xb0 / 4] = 0;
}
__attribute__((interrupt)) static void on_serial(struct frame *f) {
  (void)f;
  while (inb(COM + 5) & 1) receive((char)inb(COM));
  (void)inb(COM + 2);
  outb(0x20, 0x20);
}
__attribute__((interrupt)) static void on_power(struct frame *f) {
  (void)f;
  if (inw(PM1_STATUS) & PM_POWER_BUTTON) button = 1;
  outw(PM1_STATUS, PM_POWER_BUTTON);
  outb(0xa0, 0x20);
  outb(0x20, 0x20);
}
__attribute__((interrupt)) static void on_other(struct frame *f) {
  (void)f;
  outb(0xa0, 0x20);
  outb(0x20, 0x20);
}

static struct {
  u16 low, selector;
  u8 zero, type;
  u16 high;
} __attribute__((packed)) idt[256];
static unsigned long long gdt[3] = {0, 0x00cf9a000000ffffULL, 0x00cf92000000ffffULL};
struct table {
  u16 limit;
  u32 base;
} __attribute__((packed));

static void gate(u32 vector, void (*handler)(struct frame *)) {
  u32 address = (u32)handler;
  idt[vector].low = (u16)address;
  idt[vector].selector = 8;
  idt[vector].type = 0x8e;
  idt[vector].high = (u16)(address >> 16);
}
static void set_tables(void) {
  struct table g = {sizeof gdt - 1, (u32)gdt}, d = {sizeof idt - 1, (u32)idt};
  __asm__ volatile("lgdt %0; ljmp $8,$1f; 1: mov $16,%%ax; mov %%ax,%%ds; mov %%ax,%%es; mov %%ax,%%ss" ::"m"(g) : "eax");
  for (u32 i = 0; i < 256; i++) gate(i, on_other);
  gate(0x24, on_serial);
  gate(0x29, on_power);
  gate(0x30, on_timer);
  __asm__ volatile("lidt %0" ::"m"(d));
}
static void set_controllers(void) {
  outb(0x20, 0x11), outb(0xa0, 0x11);
  outb(0x21, 0x20), outb(0xa1, 0x28);
  outb(0x21, 4), outb(0xa1, 2);
  outb(0x21, 1), outb(0xa1, 1);
  outb(0x21, (u8) ~(1 << 2 | 1 << 4)), outb(0xa1, (u8) ~(1 << 1)); /* cascade, serial, ACPI */
  apic[0xf0 / 4] = 0x1ff;                                          /* enabled, spurious vector 255 */
  apic[0x350 / 4] = 0x700;                                         /* LINT0: the old controller */
  apic[0x3e0 / 4] = 3;                                             /* timer: nanoseconds / 16 */
  apic[0x320 / 4] = 0x30;                                          /* one-shot */
}
static void set_devices(void) {
  outb(COM + 1, 0), outb(COM + 3, 0x80), outb(COM, 1), outb(COM + 1, 0);
  outb(COM + 3, 3), outb(COM + 2, 0xc7), outb(COM + 4, 0x0b), outb(COM + 1, 1);
  outw(PM1_STATUS, PM_POWER_BUTTON);
  outw(PM1_ENABLE, PM_POWER_BUTTON);
}

/* --- time, in PM timer units, compared modulo 2^32 --- */
static u32 now(void) {
  static u32 time, last;
  u32 raw = inl(PM_TIMER) & 0xffffff;
  time += (raw - last) & 0xffffff;
  last = raw;
  return time;
}
static u32 reached(u32 time, u32 deadline) { return (s32)(time - deadline) >= 0; }
static u32 earlier(u32 a, u32 b) { return (s32)(a - b) < 0 ? a : b; }

static void sleep_until(u32 deadline) {
  __asm__ volatile("cli");
  u32 time = now();
  if (!line_ready && !button && !reached(time, deadline)) {
    u32 units = deadline - time;
    apic[0x380 / 4] = units * 17 + units / 2; /* PM units of 279.4 ns in steps of 16 ns */
    __asm__ volatile("sti; hlt");
  }
  __asm__ volatile("sti");
}

/* --- what a workload does --- */
static u32 top(void) { return 0x100000 + memory_kib * 1024; }
static void fill(u32 salt) {
  for (u32 a = OWN_MEMORY; a + PAGE <= top(); a += PAGE)
    for (u32 k = 0; k < PAGE; k += 256) *(volatile u32 *)(a + k) = (a + k) * 2654435761u + salt;
}
static void dirty(u32 salt) {
  for (u32 pages = dirty_mib * 256 / 10; pages; pages--) {
    if (dirty_cursor + PAGE > top()) dirty_cursor = OWN_MEMORY;
    *(volatile u32 *)dirty_cursor = salt + pages;
    dirty_cursor += PAGE;
  }
}
static void spin(void) {
  for (volatile u32 i = 0; i < 500; i++)
    ;
}
static void power_off(void) { outw(PM1_CONTROL, PM_SLEEP); }
static void triple_fault(void) {
  struct table none = {0, 0};
  __asm__ volatile("lidt %0; int3" ::"m"(none));
}
static u32 number_in(const char *s) {
  u32 n = 0;
  while (*s && (*s < '0' || *s > '9')) s++;
  while (*s >= '0' && *s <= '9' && n < 100000) n = n * 10 + (u32)(*s++ - '0');
  return n;
}
static void obey(void) {
  u32 n = number_in(line);
  char command = line[0];
  line_ready = 0;
  switch (command) {
    case 'b': burn_percent = n > 100 ? 100 : n; say("ok burn ", burn_percent); break;
    case 'f': fill(now()); print("ok fill\n"); break;
    case 'd': dirty_mib = n > 4096 ? 4096 : n; say("ok dirty ", dirty_mib); break;
    case 'q': print("ok query burn="), print_number(burn_percent), say(" dirty=", dirty_mib); break;
    case 'p':
      print("ok panic\n");
      outb(PVPANIC, 1);
      for (;;) __asm__ volatile("cli; hlt");
    case 's': print("ok stop\n"); power_off(); break;
    case 'r': print("ok reset\n"); outb(KEYBOARD_CONTROLLER, 0xfe); break;
    case 't': print("ok triple\n"); triple_fault(); break;
    default: print("no such command\n");
  }
}

void kernel(const u32 *multiboot) {
  memory_kib = multiboot[2]; /* above 1 MiB */
  set_tables();
  set_controllers();
  set_devices();
  say("READY mem_kib=", memory_kib);
  __asm__ volatile("sti");
  u32 ticks = 0, next_tick = now() + PM_HZ, slice = now(), next_dirty = slice;
  for (;;) {
    u32 time = now(), wake;
    if (line_ready) obey();
    if (button) print("power button\n"), button = 0, power_off();
    for (; reached(time, next_tick); next_tick += PM_HZ) say("tick ", ++ticks);
    if (dirty_mib && reached(time, next_dirty)) dirty(time), next_dirty = time + DIRTY_SLICE;
    wake = dirty_mib ? earlier(next_tick, next_dirty) : next_tick;
    if (!burn_percent) {
      slice = time;
    } else {
      if (reached(time, slice + SLICE)) slice = reached(time, slice + 2 * SLICE) ? time : slice + SLICE;
      if (!reached(time, slice + SLICE / 100 * burn_percent)) {
        spin();
        continue;
      }
      wake = earlier(wake, slice + SLICE);
    }
    sleep_until(wake);
  }
}
