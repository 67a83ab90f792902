// SPDX-License-Identifier: MIT
// places_cxx - writes a word to CRASH_DIR/data from C++ functions of different kinds.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __clang__ // makes no clones
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone))
#endif

// Not a tail call: the function is in the backtrace.
#define WORD(fd, text)                                                                                       \
	do {                                                                                                 \
		if (write(fd, text, strlen(text)) < 0)                                                       \
			_exit(9);                                                                            \
		__asm__ volatile("" ::: "memory");                                                           \
	} while (0)

namespace places
{

class Store
{
      public:
	explicit Store(int fd);
	~Store();
	void append(const char *word);
	void append(const char *word, unsigned long times);
	void flush() const;
	Store &operator<<(const char *word);
	void operator()() const;

      private:
	int fd;
};

NOINLINE Store::Store(int fd_) : fd(fd_)
{
	WORD(fd, "constructor ");
}

NOINLINE Store::~Store()
{
	WORD(fd, "destructor ");
}

NOINLINE void Store::append(const char *word)
{
	WORD(fd, word);
}

NOINLINE void Store::append(const char *word, unsigned long times)
{
	while (times--)
		WORD(fd, word);
}

NOINLINE void Store::flush() const
{
	WORD(fd, "const ");
}

NOINLINE Store &Store::operator<<(const char *word)
{
	WORD(fd, word);
	return *this;
}

NOINLINE void Store::operator()() const
{
	WORD(fd, "call ");
}

template <typename Key, typename Value> struct TableOfManyThings {
	template <typename Order> NOINLINE static void insert(int fd, Key, Value, Order)
	{
		WORD(fd, "member ");
	}
};

struct SomeRatherLongNameOfAnOrder {
};

template <typename Word> NOINLINE static void save(int fd, Word word)
{
	WORD(fd, word);
}

} // namespace places

namespace
{

NOINLINE void hidden_place(int fd)
{
	WORD(fd, "anonymous ");
}

} // namespace

int main()
{
	const char *directory = getenv("CRASH_DIR");
	int fd;

	if (directory && chdir(directory) < 0)
		return 9;
	fd = open("data", O_WRONLY | O_CREAT, 0644);
	{
		using namespace places;

		Store store(fd);
		store.append("one ");
		store.append("two ", 2);
		store.flush();
		store << "operator ";
		store();
		TableOfManyThings<unsigned long, SomeRatherLongNameOfAnOrder *>::insert(
			fd, 1UL, nullptr, SomeRatherLongNameOfAnOrder());
		save<const char *>(fd, "template ");
		hidden_place(fd);
		[](int out) __attribute__((noinline))
		{
			WORD(out, "lambda ");
		}
		(fd);
	}
	return close(fd);
}
