"""Writes the public items that rustdoc's JSON describes as lines of text.

An item is named by the path at which users find it, and a type by its last name: standard types
alone, those of other crates with the crate in front.
"""

STANDARD = ("core", "alloc", "std")
# What the compiler derives for types by itself. The rest of them say little.
AUTO_TRAITS = ("Send", "Sync", "Unpin")


def lines(document):
    """Returns the lines for a crate: those of an item stand together."""
    owners = {}
    for path, line in Crate(document).lines():
        owners[line] = min(path, owners.get(line, path))
    return sorted(owners, key=lambda line: (owners[line], line))


class Crate:
    def __init__(self, document):
        self.index = document["index"]
        self.paths = document["paths"]
        self.root = document["root"]
        self.public = {}

    def item(self, number):
        return self.index.get(str(number))

    def lines(self):
        name = self.item(self.root)["name"]
        found = list(self.walk(self.item(self.root), name, set()))
        # Paths first: an item may mention one that comes later.
        for path, item in found:
            self.public.setdefault(item["id"], path)
        for path, item in found:
            for line in self.described(path, item):
                yield path, line

    def walk(self, module, path, seen):
        """Yields each public item of a module and of those in it, with its path."""
        for number in module["inner"]["module"]["items"]:
            item = self.item(number)
            if item is None:
                continue
            kind, inner = next(iter(item["inner"].items()))
            if kind == "use":
                yield from self.used(item, inner, path, seen)
            elif item["visibility"] == "public" or kind in ("macro", "proc_macro"):
                yield f"{path}::{item['name']}", item
                if kind == "module":
                    yield from self.walk(item, f"{path}::{item['name']}", seen)

    def used(self, item, use, path, seen):
        target = self.item(use["id"]) if use["id"] is not None else None
        if item["visibility"] != "public":
            return
        if target is None:
            yield f"{path}::{'*' if use['is_glob'] else use['name']}", item
        elif use["is_glob"]:
            if (target["id"], path) not in seen and "module" in target["inner"]:
                yield from self.walk(target, path, seen | {(target["id"], path)})
        else:
            yield f"{path}::{use['name']}", target
            if "module" in target["inner"]:
                yield from self.walk(target, f"{path}::{use['name']}", seen)

    # Items

    def described(self, path, item):
        kind, inner = next(iter(item["inner"].items()))
        marks = self.marks(item)
        # The first line is that of the item itself.
        first, *others = getattr(self, f"of_{kind}")(path, item, inner)
        return [marks + first, *others]

    @staticmethod
    def marks(item):
        texts = [str(attribute) for attribute in item["attrs"]]
        marks = "#[non_exhaustive] " if any("non_exhaustive" in text for text in texts) else ""
        return ("#[deprecated] " if item["deprecation"] else "") + marks

    def of_use(self, path, item, use):
        yield f"pub use {path} = {use['source']}"

    def of_module(self, path, item, inner):
        yield f"pub mod {path}"

    def of_macro(self, path, item, inner):
        yield f"pub macro {path}!"

    def of_proc_macro(self, path, item, inner):
        yield f"pub {inner['kind']} macro {path}"

    def of_constant(self, path, item, inner):
        yield f"pub const {path}: {self.type(inner['type'])}"

    def of_static(self, path, item, inner):
        yield f"pub static {path}: {self.type(inner['type'])}"

    def of_type_alias(self, path, item, inner):
        yield f"pub type {path}{self.generics(inner['generics'])} = {self.type(inner['type'])}"

    def of_function(self, path, item, inner):
        yield f"pub {self.function(path, inner)}"

    def of_struct(self, path, item, inner):
        kind, generics = inner["kind"], self.generics(inner["generics"])
        where = self.where(inner["generics"])
        if kind == "unit":
            yield f"pub struct {path}{generics}{where}"
        elif "tuple" in kind:
            yield f"pub struct {path}{generics}({self.tuple_fields(kind['tuple'])}){where}"
        else:
            yield f"pub struct {path}{generics}{where}"
            for field in kind["plain"]["fields"]:
                yield from self.field(path, field)
        yield from self.impls(path, inner["impls"])

    def of_union(self, path, item, inner):
        yield f"pub union {path}{self.generics(inner['generics'])}"
        yield from self.impls(path, inner["impls"])

    def of_enum(self, path, item, inner):
        yield f"pub enum {path}{self.generics(inner['generics'])}{self.where(inner['generics'])}"
        for number in inner["variants"]:
            yield from self.variant(path, self.item(number))
        yield from self.impls(path, inner["impls"])

    def variant(self, path, item):
        kind = item["inner"]["variant"]["kind"]
        name = f"{self.marks(item)}pub variant {path}::{item['name']}"
        if kind == "plain":
            yield name
        elif "tuple" in kind:
            yield f"{name}({self.tuple_fields(kind['tuple'])})"
        else:
            yield name
            for field in kind["struct"]["fields"]:
                yield from self.field(f"{path}::{item['name']}", field)

    def field(self, path, number):
        item = self.item(number)
        if item:
            yield f"pub field {path}::{item['name']}: {self.type(item['inner']['struct_field'])}"

    def tuple_fields(self, numbers):
        items = [self.item(number) if number is not None else None for number in numbers]
        return ", ".join(
            self.type(item["inner"]["struct_field"]) if item else "_" for item in items
        )

    def of_trait(self, path, item, inner):
        unsafe = "unsafe " if inner["is_unsafe"] else ""
        bounds = self.bounds(inner["bounds"], ": ")
        generics, where = self.generics(inner["generics"]), self.where(inner["generics"])
        yield f"pub {unsafe}trait {path}{generics}{bounds}{where}"
        if not inner["is_dyn_compatible"]:
            yield f"not dyn {path}"
        for number in inner["items"]:
            member = self.item(number)
            if member:
                yield from self.member(path, member, "trait ")
        # Those for types of other crates stand nowhere else.
        for item in filter(None, map(self.item, inner["implementations"])):
            yield from self.implementation(item["inner"]["impl"])

    def member(self, path, item, before):
        """Something in a trait or an impl."""
        kind, inner = next(iter(item["inner"].items()))
        name = f"{path}::{item['name']}"
        marks = self.marks(item)
        if kind == "function":
            default = " { .. }" if before and inner["has_body"] else ""
            yield f"{marks}{before}{self.function(name, inner)}{default}"
        elif kind == "assoc_const":
            yield f"{marks}{before}const {name}: {self.type(inner['type'])}"
        elif kind == "assoc_type":
            default = f" = {self.type(inner['type'])}" if inner["type"] else ""
            bounds = self.bounds(inner["bounds"], ": ")
            yield f"{marks}{before}type {name}{self.generics(inner['generics'])}{bounds}{default}"

    def impls(self, path, numbers):
        autos = []
        for number in numbers:
            item = self.item(number)
            inner = item["inner"]["impl"] if item else None
            if inner is None or inner["blanket_impl"]:
                continue
            trait = self.path(inner["trait"]) if inner["trait"] else None
            if inner["is_synthetic"]:
                if trait in AUTO_TRAITS:
                    negative = "!" if inner["is_negative"] else ""
                    autos.append(negative + trait + self.where(inner["generics"]))
            elif trait:
                yield from self.implementation(inner)
            else:
                for member in filter(None, map(self.item, inner["items"])):
                    if member["visibility"] == "public":
                        yield from self.inherent(path, inner, member)
        if autos:
            yield f"auto {path}: {', '.join(sorted(autos))}"

    def implementation(self, inner):
        generics, where = self.generics(inner["generics"]), self.where(inner["generics"])
        negative = "!" if inner["is_negative"] else ""
        trait = self.path(inner["trait"])
        # Conditions on private items say nothing that a user could fulfil.
        where = "" if "(private " in where else where
        yield f"impl{generics} {negative}{trait} for {self.type(inner['for'])}{where}"

    def inherent(self, path, inner, member):
        """A function or a constant of a type, with the type's arguments if they are narrower."""
        own = self.type(inner["for"])
        where = self.where(inner["generics"])
        bounds = self.generics(inner["generics"])
        of = f" [{bounds} {own}{where}]" if bounds else ""
        for line in self.member(path, member, ""):
            yield f"pub {line}{of}"

    # Signatures

    def function(self, name, inner):
        header, signature = inner["header"], inner["sig"]
        words = [word for word in ("const", "async", "unsafe") if header[f"is_{word}"]]
        inputs = ", ".join(self.input(*pair) for pair in signature["inputs"])
        output = f" -> {self.type(signature['output'])}" if signature["output"] else ""
        generics, where = self.generics(inner["generics"]), self.where(inner["generics"])
        return " ".join([*words, f"fn {name}{generics}({inputs}){output}{where}"])

    def input(self, name, kind):
        """An argument, without its name, which users never write."""
        text = self.type(kind)
        if name != "self":
            return text
        short = {"Self": "self", "&Self": "&self", "&mut Self": "&mut self"}
        return short.get(text, f"self: {text}")

    def generics(self, generics):
        parts = [text for text in map(self.parameter, generics["params"]) if text]
        return f"<{', '.join(parts)}>" if parts else ""

    def parameter(self, parameter):
        kind, inner = next(iter(parameter["kind"].items()))
        name = parameter["name"]
        if kind == "lifetime":
            return name + (f": {' + '.join(inner['outlives'])}" if inner["outlives"] else "")
        if kind == "const":
            return f"const {name}: {self.type(inner['type'])}"
        if inner["is_synthetic"]:
            return ""
        default = f" = {self.type(inner['default'])}" if inner["default"] else ""
        return name + self.bounds(inner["bounds"], ": ") + default

    def where(self, generics):
        parts = [self.predicate(predicate) for predicate in generics["where_predicates"]]
        return f" where {', '.join(parts)}" if parts else ""

    def predicate(self, predicate):
        kind, inner = next(iter(predicate.items()))
        if kind == "bound_predicate":
            higher = self.higher(inner["generic_params"])
            return f"{higher}{self.type(inner['type'])}{self.bounds(inner['bounds'], ': ')}"
        if kind == "lifetime_predicate":
            return f"{inner['lifetime']}: {' + '.join(inner['outlives'])}"
        return f"{self.type(inner['lhs'])} = {self.term(inner['rhs'])}"

    def higher(self, parameters):
        return f"for<{', '.join(map(self.parameter, parameters))}> " if parameters else ""

    def bounds(self, bounds, before=""):
        texts = [self.bound(bound) for bound in bounds]
        return before + " + ".join(texts) if texts else ""

    def bound(self, bound):
        kind, inner = next(iter(bound.items()))
        if kind == "outlives":
            return inner
        if kind == "use":
            names = (part if isinstance(part, str) else next(iter(part.values())) for part in inner)
            return f"use<{', '.join(names)}>"
        maybe = {"maybe": "?", "maybe_const": "~const "}.get(inner["modifier"], "")
        return f"{self.higher(inner['generic_params'])}{maybe}{self.path(inner['trait'])}"

    # Types

    def type(self, kind):
        if isinstance(kind, str):
            return "_"
        name, inner = next(iter(kind.items()))
        return getattr(self, f"type_{name}")(inner)

    def type_resolved_path(self, inner):
        return self.path(inner)

    def type_generic(self, inner):
        return inner

    type_primitive = type_generic

    def type_tuple(self, inner):
        only = "," if len(inner) == 1 else ""
        return f"({', '.join(map(self.type, inner))}{only})"

    def type_slice(self, inner):
        return f"[{self.type(inner)}]"

    def type_array(self, inner):
        return f"[{self.type(inner['type'])}; {inner['len']}]"

    def type_impl_trait(self, inner):
        return f"impl {self.bounds(inner)}"

    def type_borrowed_ref(self, inner):
        lifetime = f"{inner['lifetime']} " if inner["lifetime"] else ""
        return f"&{lifetime}{'mut ' if inner['is_mutable'] else ''}{self.type(inner['type'])}"

    def type_raw_pointer(self, inner):
        return f"*{'mut' if inner['is_mutable'] else 'const'} {self.type(inner['type'])}"

    def type_dyn_trait(self, inner):
        traits = [self.higher(t["generic_params"]) + self.path(t["trait"]) for t in inner["traits"]]
        return f"dyn {' + '.join([*traits, *filter(None, [inner['lifetime']])])}"

    def type_function_pointer(self, inner):
        inputs = ", ".join(self.type(kind) for _, kind in inner["sig"]["inputs"])
        output = inner["sig"]["output"]
        return f"fn({inputs})" + (f" -> {self.type(output)}" if output else "")

    def type_qualified_path(self, inner):
        own, trait = self.type(inner["self_type"]), inner["trait"]
        arguments = self.arguments(inner["args"])
        if trait is None or not trait["path"]:
            return f"{own}::{inner['name']}{arguments}"
        return f"<{own} as {self.path(trait)}>::{inner['name']}{arguments}"

    def path(self, inner):
        return self.name(inner) + self.arguments(inner["args"])

    def name(self, inner):
        last = inner["path"].rsplit("::", 1)[-1]
        summary = self.paths.get(str(inner["id"]))
        if summary is None:
            return inner["path"]
        crate = summary["path"][0]
        if summary["crate_id"] == 0:
            # The last name as users write it; without a public path, it must not look like one.
            return last if inner["id"] in self.public else f"(private {last})"
        return last if crate in STANDARD else f"{crate}::{last}"

    def arguments(self, arguments):
        if not arguments or isinstance(arguments, str):
            return ""
        kind, inner = next(iter(arguments.items()))
        if kind == "parenthesized":
            output = f" -> {self.type(inner['output'])}" if inner["output"] else ""
            return f"({', '.join(map(self.type, inner['inputs']))}){output}"
        parts = [self.argument(argument) for argument in inner["args"]]
        parts += [self.constraint(constraint) for constraint in inner["constraints"]]
        return f"<{', '.join(parts)}>" if parts else ""

    def argument(self, argument):
        if isinstance(argument, str):
            return "_"
        kind, inner = next(iter(argument.items()))
        if kind == "type":
            return self.type(inner)
        return inner["expr"] if kind == "const" else inner

    def constraint(self, constraint):
        name = constraint["name"] + self.arguments(constraint["args"])
        kind, inner = next(iter(constraint["binding"].items()))
        if kind == "equality":
            return f"{name} = {self.term(inner)}"
        return name + self.bounds(inner, ": ")

    def term(self, term):
        kind, inner = next(iter(term.items()))
        return self.type(inner) if kind == "type" else inner["expr"]
