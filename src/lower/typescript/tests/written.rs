//! What people write.

use super::super::lower;
use super::{check, lowered, plain};

#[test]
fn imports() {
    check(&[
        ("import d from 'm'", "import m:default as d"),
        ("import d, {x as y, type T} from 'm'", "import m:default as d; import m:x as y; import type m:T as T"),
        ("import * as n from \"m\";", "import m:- as n"),
        ("import type {A, B as C} from 'm'", "import type m:A as A; import type m:B as C"),
        ("import 'dotenv/config'", "import dotenv/config:- as -"),
        ("import {} from 'm'", "import m:- as -"),
        ("import {default as x} from 'm'", "import m:default as x"),
        ("import j from './j.json' with {type: 'json'}", "import ./j.json:default as j"),
        ("const m = await import('m')", "let m = await import('m')"),
    ]);
    assert_eq!(plain("import x = require('m'); import y = A.B;"), "import require m:- as x; let y = A.B");
}

#[test]
fn require() {
    check(&[
        ("const x = require('m')", "import require m:- as x"),
        ("var a = require(`m`), b = 1", "import require m:- as a; let b = 1"),
        (
            "const {a, b: c, d = 1, ...e} = require('m')",
            "import require m:a as a; import require m:b as c; import require m:d as d; import require m:- as e",
        ),
        ("const {a: {b}} = require('m')", "let {a: {b: b}} = require('m')"),
        ("const x = require('m').y", "let x = require('m').y"),
        ("require('m')(app)", "require('m')(app)"),
        ("require('dotenv').config()", "require('dotenv').config()"),
        ("require('./setup')", "import require ./setup:- as -"),
        ("const x = require(name)", "let x = require(name)"),
    ]);
}

#[test]
fn exports() {
    check(&[
        ("export const GET = wrap(f), b = 1", "let GET = wrap(f); let b = 1; export GET: GET; export b: b"),
        ("export const {GET, POST: p} = h", "let {GET: GET, POST: p} = h; export GET: GET; export p: p"),
        ("export function f() {}", "fn f() {}; export f: f"),
        ("export class C {}", "class C() {}; export C: C"),
        ("export default async function handler(){}", "async fn handler() {}; export default: handler"),
        ("export default function () {}", "export default: fn () {}"),
        ("export default async (r) => r", "export default: async fn (r) {return r}"),
        ("export default class {}", "class default() {}; export default: default"),
        ("export default class C {}", "class C() {}; export default: C"),
        ("export default make({a: 1})", "export default: make({a: 1})"),
        ("export {a as b, c}", "export b: a; export c: c"),
        ("export {a as b, default} from 'm'", "export b: a from m; export default: default from m"),
        ("export * from 'm'; export * as n from 'm'", "export * from m; export n from m"),
        ("export type {T} from 'm'; export type * from 'n'", "export T: T from m; export * from n"),
        ("export enum E {A}", "let E = {A: 0}; export E: E"),
        ("@D() export class C {}", "@D() class C() {}; export C: C"),
        ("export @D class C {}", "@D class C() {}; export C: C"),
        ("export declare const x: number", ""),
        ("export namespace N { export const a = 1 }", "{let a = 1}; export N: N"),
    ]);
    assert_eq!(plain("export = f"), "export =: f");
    assert_eq!(plain("export interface I { a?: string }"), "class I() {a: string}; export I: I");
}

#[test]
fn commonjs_exports() {
    check(&[
        ("module.exports = {a, b: c}", "export =: {a: a, b: c}"),
        ("exports.x = 1; module.exports.y = f", "export x: 1; export y: f"),
        ("module.exports = exports = make", "export =: make; exports = make"),
        ("var app = module.exports = make()", "let app = make(); export =: app"),
        ("exports = module.exports = make()", "exports = make(); export =: exports"),
        ("exports.a = exports.b = void 0", "export a: (void 0); export b: exports.a"),
        ("module.exports = class C {}", "class C() {}; export =: C"),
        ("exports.x.y = 1", "exports.x.y = 1"),
        ("module.exports = require('./m')", "export =: require('./m')"),
    ]);
}

#[test]
fn functions() {
    check(&[
        ("function f(a, b = 1, ...c) { return a }", "fn f(a, b = 1, ...c) {return a}"),
        ("async function* g() { yield; yield* h(); yield 1 }", "async fn* g() {yield; yield ...h(); yield 1}"),
        ("const f = async x => await x", "let f = async fn (x) {return await x}"),
        ("const f = () => ({a: 1})", "let f = fn () {return {a: 1}}"),
        ("const f = function* named() {}", "let f = fn* named() {}"),
        (
            "function f({a, b: {c}, d = 1, ...e}, [x, , y = 2, ...z]) {}",
            "fn f({a: a, b: {c: c}, d: (= d 1), -: ...e}, [x, _, (= y 2), ...z]) {}",
        ),
        ("function f(this: T, a?: string): Promise<X> {}", "fn f(a: string) -> Promise[X] {}"),
        ("function f(x): x is T {}", "fn f(x) {}"),
        ("function f(a: string): void; function f(a) {}", "fn f(a) {}"),
        ("async function act() { 'use server'; save() }", "async fn act() {'use server'! save()}"),
        ("(async () => { await main() })()", "async fn () {await main()}()"),
        ("const f = <T,>(x: T) => x", "let f = fn (x: T) {return x}"),
        ("f(function () {}, {g() {}, get h() { return 1 }})", "f(fn () {}, {g: fn g() {}, h: fn h() {return 1}})"),
    ]);
}

#[test]
fn classes() {
    check(&[
        ("class C extends B<T> implements I, J.K {}", "class C(B, I, J.K) {}"),
        (
            "class C { static x: number = 1; #y; 'z-z' = 2; f = () => 1; static { go() } }",
            "class C() {x: number = 1; #y; z-z = 2; f = fn () {return 1}; {go()}}",
        ),
        (
            "class C { constructor(private readonly a: A, readonly b: B, c: C, @Inject('k') d: D) { super(a) } }",
            "class C() {fn constructor(self.a: A, self.b: B, c: C, @Inject('k') d: D) {super(a)}}",
        ),
        (
            "class C { get x() { return this.#y } set x(v) { this.#y = v } static async *g() {} [k]() {} }",
            "class C() {@property fn x() {return self.#y}; fn x(v) {self.#y = v}; async fn* g() {}; fn () {}}",
        ),
        (
            "@Controller('c') class C { @Post('p') @Use(G) chat(@Body() b: B) {} @Max(9) text: string }",
            "@Controller('c') class C() {@Post('p') @Use(G) fn chat(@Body() b: B) {}; Max(9); text: string}",
        ),
        ("abstract class C { abstract f(): void; g() {} }", "class C() {fn g() {}}"),
        ("const C = class D extends E {}", "class C(E) {}"),
        ("f(class extends E {})", "f(do {class (E) {}})"),
        ("interface I extends J, K<T> { a: string; f(): void }", "class I(J, K[T]) {a: string; f = fn f() -> void {}}"),
        ("type T = A & {a: 'x' | null}", "class T(A) {a: (| 'x' null)}"),
        ("type T = string", ""),
        ("enum E { A, B = 5, C, D = 'd' }", "let E = {A: 0, B: 5, C: 6, D: 'd'}"),
        ("namespace N { export function f() {} }", "{fn f() {}}"),
        ("declare module 'm' { const x: number }", ""),
    ]);
}

#[test]
fn expressions() {
    check(&[
        ("a?.b!.c?.[0]?.(x)", "a.b.c[0](x)"),
        ("(x as T).y; (x satisfies T).z; f<T>(x)", "x.y; x.z; f(x)"),
        ("`a`; `a${b}c\\n`; sql`x ${y}`; tag`t`", "'a'; `'a' b 'c\n'`; sql(`'x ' y`); tag(`'t'`)"),
        ("new C; new a.B(x, ...y)", "new C(); new a.B(x, ...y)"),
        ("x = {a, 'b-c': 1, [`d`]: 2, [e]: 3, 4: 5, ...f}", "x = {a: a, b-c: 1, d: 2, -: 3, 4: 5, -: ...f}"),
        ("[a, , ...b]", "[a, _, ...b]"),
        ("a === b && c !== d || !e ?? f", "(?? (or (and (== a b) (!= c d)) (not e)) f)"),
        (
            "typeof a; void 0; delete a.b; a in b; a instanceof C; ~a; -a; a >>> 1",
            "(typeof a); (void 0); (delete a.b); (in a b); (instanceof a C); (~ a); (- a); (>> a 1)",
        ),
        ("/a\\/b/gi.test(x)", "'/a\\/b/gi'.test(x)"),
        ("f(60_000, 0xff, 10n, 'it\\'s', null, undefined, true)", "f(60000, 255, 10, 'it's', null, null, true)"),
        ("x = a ? b : c", "x = (a ? b : c)"),
        ("x = (f(), y = 1, z)", "x = do {f(); y = 1; z}"),
        ("a(), b()", "a(); b()"),
        ("a = b = c", "a = (b = c)"),
        ("a ??= b; a ||= b; a += 1; a++; f(--a)", "a ??= b; a or= b; a += 1; a += 1; f((a -= 1))"),
        ("this.x = super.f(this)", "self.x = super.f(self)"),
        ("import.meta.env.X; new.target", "import.meta.env.X; new.target"),
        ("const [a, {b: [c] = []}] = d; ({x, y: z.w} = e)", "let [a, {b: (= [c] [])}] = d; {x: x, y: z.w} = e"),
    ]);
    let asserted = "let x: T = y.z; let a: number; let b: string";
    assert_eq!(plain("const x = <T>y.z; let a: number; var b!: string"), asserted);
}

#[test]
fn types() {
    check(&[
        ("let a: Promise<X>; let b: Map<string, N.T[]>", "let a: Promise[X]; let b: Map[[string, Array[N.T]]]"),
        ("let a: A | 'b' | 3 | null | undefined", "let a: (| A 'b' 3 null null)"),
        ("let a: {b: string, c?: number}; let d: () => void", "let a: {b: string, c: number}; let d: _"),
        ("let a: [A, b: B]; let c: typeof d; let e: (A & B)", "let a: [A, B]; let c: (typeof d); let e: (& A B)"),
        ("let a: readonly string[]; let b: T['k']", "let a: Array[string]; let b: T['k']"),
    ]);
}

#[test]
fn control_flow() {
    check(&[
        ("if (a) b(); else if (c) { d() } else e()", "if a {b()} else {if c {d()} else {e()}}"),
        ("for (const [k, v] of x) f(k)", "Each([k, v] over x) [|] {f(k)}"),
        ("for await (const c of s) {}", "Each(c over s) [|] {}"),
        ("for (k in o) {}", "Each(k over o) [|] {}"),
        (
            "for (let i = 0, j; i < n; i++, j--) { continue }",
            "While( over (< i n)) [let i = 0; let j|i += 1; j -= 1] {continue}",
        ),
        (
            "for (;;) break; while (true) f(); while (a) {}",
            "While() [|] {break}; While() [|] {f()}; While( over a) [|] {}",
        ),
        ("do { f() } while (x)", "While( over x) [|] {f()}"),
        (
            "try { f() } catch ({message}) { g() } finally { h() }",
            "try {f()} catch({message: message}) {g()} finally {h()}",
        ),
        ("try { f() } catch { throw new E(1) }", "try {f()} catch() {raise new E(1)} finally {}"),
        ("out: for (const x of y) { break out }", "Each(x over y) [|] {break}"),
        ("{ let a = 1 } ; debugger", "{let a = 1}"),
    ]);
}

#[test]
fn switches() {
    check(&[
        (
            "switch (a.b) { case 1: f(); break; case 2: case 3: { g(); break } default: h() }",
            "if (== a.b 1) {f()} else {if (or (== a.b 2) (== a.b 3)) {g()} else {h()}}",
        ),
        ("switch (a) { default: h(); break; case 1: return f() }", "if (== a 1) {return f()} else {h()}"),
        ("switch (a) { case 1: default: h() }", "a; h()"),
        ("switch (true) { case a > 1: f() }", "if (> a 1) {f()} else {}"),
        ("switch (g()) { case 1: f(); case 2: h() }", "if (== g() 1) {f()} else {if (== _ 2) {h()} else {}}"),
        ("switch (a) {}", "a"),
        ("switch (a) { case 1: }", "if (== a 1) {} else {}"),
    ]);
}

#[test]
fn markup() {
    check(&[
        ("x = <C a={1} b='s' c {...d}>t {y} <i/>{/* no */}</C>", "x = C(a=1, b='s', c=true, **=d, 't', y, i())"),
        ("x = <><A.B/></>", "x = [A.B()]"),
        ("x = <div onClick={() => f()}>{a && <B/>}</div>", "x = div(onClick=fn () {return f()}, (and a B()))"),
    ]);
    let module = lower("a.tsx", "x = <p>a & b <i/></p>");
    assert!(module.lost.is_empty());
    assert_eq!(super::block(&module.body), "x = p('a', '& b', i())");
    assert_eq!(lowered("const f = () => (<p>\n  text\n</p>)"), "let f = fn () {return p('text')}");
}

#[test]
fn directives_and_comments() {
    let module =
        lower("a.tsx", "#!/usr/bin/env node\n// one\n'use client'; \"use strict\"\n/** two */ f() /* three */\n");
    assert_eq!(module.directives, ["use client", "use strict"]);
    let comments: Vec<_> = module.comments.iter().map(|comment| comment.text.as_str()).collect();
    assert_eq!(comments, ["one", "two", "three"]);
    assert_eq!(super::block(&module.body), "f()");
    assert!(module.lost.is_empty());
}
