//! The grammar's words that lowering knows: kinds of nodes and names of their parts.

macro_rules! names {
    ($(#[$note:meta])* $type:ident { $($own:ident),* } { $($variant:ident $name:literal),* $(,)? }) => {
        $(#[$note])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum $type { $($own,)* $($variant,)* }

        impl $type {
            pub(super) fn named(name: &str) -> Option<Self> {
                match name { $($name => Some($type::$variant),)* _ => None }
            }
        }
    };
}

names! {
    /// The kinds of nodes that lowering tells apart.
    Kind { Error, Other, Punctuation, Operator, Async, Star, TypeWord, DefaultWord, EqualsSign, ReadonlyWord, Comma, DeclarationWord } {
        AbstractClassDeclaration "abstract_class_declaration", AccessibilityModifier "accessibility_modifier",
        AmbientDeclaration "ambient_declaration", Arguments "arguments", Array "array", ArrayPattern "array_pattern",
        ArrayType "array_type", ArrowFunction "arrow_function", AsExpression "as_expression",
        AssignmentExpression "assignment_expression", AssignmentPattern "assignment_pattern",
        AugmentedAssignment "augmented_assignment_expression", AwaitExpression "await_expression",
        BinaryExpression "binary_expression", BreakStatement "break_statement", CallExpression "call_expression",
        CatchClause "catch_clause", Class "class", ClassBody "class_body", ClassDeclaration "class_declaration",
        ClassHeritage "class_heritage", ClassStaticBlock "class_static_block", Comment "comment",
        ComputedName "computed_property_name", ContinueStatement "continue_statement",
        DebuggerStatement "debugger_statement", Decorator "decorator", DoStatement "do_statement",
        ElseClause "else_clause", EmptyStatement "empty_statement", EnumAssignment "enum_assignment",
        EnumBody "enum_body", EnumDeclaration "enum_declaration", EscapeSequence "escape_sequence",
        ExportClause "export_clause", ExportSpecifier "export_specifier", ExportStatement "export_statement",
        ExpressionStatement "expression_statement", ExtendsClause "extends_clause",
        ExtendsTypeClause "extends_type_clause", False "false", FinallyClause "finally_clause",
        ForInStatement "for_in_statement", ForStatement "for_statement", FormalParameters "formal_parameters",
        FunctionDeclaration "function_declaration", FunctionExpression "function_expression",
        FunctionSignature "function_signature", GeneratorFunction "generator_function",
        GeneratorFunctionDeclaration "generator_function_declaration", GenericType "generic_type",
        HashBangLine "hash_bang_line", HtmlComment "html_comment", Identifier "identifier", IfStatement "if_statement",
        ImplementsClause "implements_clause", Import "import", ImportAlias "import_alias",
        ImportClause "import_clause", ImportRequireClause "import_require_clause", ImportSpecifier "import_specifier",
        ImportStatement "import_statement", InstantiationExpression "instantiation_expression",
        InterfaceBody "interface_body", InterfaceDeclaration "interface_declaration",
        InternalModule "internal_module", IntersectionType "intersection_type", JsxAttribute "jsx_attribute",
        JsxElement "jsx_element", JsxExpression "jsx_expression", JsxNamespaceName "jsx_namespace_name",
        JsxSelfClosing "jsx_self_closing_element", JsxText "jsx_text", LabeledStatement "labeled_statement",
        LexicalDeclaration "lexical_declaration", LiteralType "literal_type", LookupType "lookup_type",
        MemberExpression "member_expression", MetaProperty "meta_property", MethodDefinition "method_definition",
        MethodSignature "method_signature",
        Module "module", NamedImports "named_imports", NamespaceExport "namespace_export",
        NamespaceImport "namespace_import", NestedIdentifier "nested_identifier",
        NestedTypeIdentifier "nested_type_identifier", NewExpression "new_expression",
        NonNullExpression "non_null_expression", Null "null", Number "number", Object "object",
        ObjectAssignmentPattern "object_assignment_pattern", ObjectPattern "object_pattern",
        ObjectType "object_type", OptionalChain "optional_chain", OptionalParameter "optional_parameter",
        OverrideModifier "override_modifier", Pair "pair", PairPattern "pair_pattern",
        ParenthesizedExpression "parenthesized_expression", ParenthesizedType "parenthesized_type",
        PredefinedType "predefined_type", PrivateName "private_property_identifier", Program "program",
        PropertyIdentifier "property_identifier", PropertySignature "property_signature",
        PublicField "public_field_definition", ReadonlyType "readonly_type", Regex "regex",
        RequiredParameter "required_parameter", RestPattern "rest_pattern", ReturnStatement "return_statement",
        SatisfiesExpression "satisfies_expression", SequenceExpression "sequence_expression",
        ShorthandProperty "shorthand_property_identifier", ShorthandPattern "shorthand_property_identifier_pattern",
        SpreadElement "spread_element", StatementBlock "statement_block", StatementIdentifier "statement_identifier",
        StringFragment "string_fragment", StringLiteral "string", SubscriptExpression "subscript_expression",
        Super "super", SwitchBody "switch_body", SwitchCase "switch_case", SwitchDefault "switch_default",
        SwitchStatement "switch_statement", TemplateString "template_string",
        TemplateSubstitution "template_substitution", TernaryExpression "ternary_expression", This "this",
        ThisType "this_type", ThrowStatement "throw_statement", True "true", TryStatement "try_statement",
        TupleType "tuple_type", TypeAlias "type_alias_declaration", TypeAnnotation "type_annotation",
        TypeArguments "type_arguments", TypeAssertion "type_assertion", TypeIdentifier "type_identifier",
        TypeParameters "type_parameters", TypeQuery "type_query", UnaryExpression "unary_expression",
        Undefined "undefined", UnionType "union_type", UpdateExpression "update_expression",
        VariableDeclaration "variable_declaration", VariableDeclarator "variable_declarator",
        WhileStatement "while_statement", WithStatement "with_statement", YieldExpression "yield_expression",
    }
}

names! {
    /// The parts of nodes that have a name in the grammar.
    Field { None } {
        Alias "alias", Alternative "alternative", Argument "argument", Arguments "arguments", Attribute "attribute",
        Body "body", Condition "condition", Consequence "consequence", Constructor "constructor",
        Declaration "declaration", Finalizer "finalizer", Function "function", Handler "handler",
        Increment "increment", Index "index", Initializer "initializer", Key "key", Kind "kind", Left "left",
        Module "module", Name "name", Object "object", OpenTag "open_tag", Operator "operator", Parameter "parameter",
        Parameters "parameters", Pattern "pattern", Property "property", ReturnType "return_type", Right "right",
        Source "source", Type "type", TypeArguments "type_arguments", Value "value",
    }
}

impl Kind {
    /// Words and signs that say something, as opposed to nodes with content.
    pub(super) fn is_token(self) -> bool {
        matches!(
            self,
            Kind::Operator
                | Kind::Async
                | Kind::Star
                | Kind::TypeWord
                | Kind::DefaultWord
                | Kind::EqualsSign
                | Kind::ReadonlyWord
                | Kind::Comma
                | Kind::DeclarationWord
                | Kind::OptionalChain
        )
    }

    pub(super) fn anonymous(name: &str) -> Self {
        match name {
            "async" => Kind::Async,
            "*" => Kind::Star,
            "type" => Kind::TypeWord,
            "default" => Kind::DefaultWord,
            "=" => Kind::EqualsSign,
            "readonly" => Kind::ReadonlyWord,
            "," => Kind::Comma,
            _ => Kind::Punctuation,
        }
    }

    /// Whether lowering never looks at nodes of this kind.
    pub(super) fn is_dropped(self) -> bool {
        matches!(
            self,
            Kind::TypeParameters
                | Kind::EmptyStatement
                | Kind::DebuggerStatement
                | Kind::HashBangLine
                | Kind::StringFragment
                | Kind::EscapeSequence
                | Kind::FunctionSignature
                | Kind::AmbientDeclaration
                | Kind::Punctuation
        )
    }

    /// Whether nothing inside matters.
    pub(super) fn is_leaf(self) -> bool {
        matches!(
            self,
            Kind::StringLiteral
                | Kind::Regex
                | Kind::PredefinedType
                | Kind::JsxNamespaceName
                | Kind::JsxText
                | Kind::MetaProperty
                | Kind::Identifier
                | Kind::PropertyIdentifier
        )
    }

    /// Whether broken parts among the children are looked through for what can still be read.
    pub(super) fn is_container(self) -> bool {
        matches!(
            self,
            Kind::Program
                | Kind::Error
                | Kind::StatementBlock
                | Kind::ClassBody
                | Kind::SwitchBody
                | Kind::SwitchCase
                | Kind::SwitchDefault
        )
    }

    /// Whether this stands on its own within a broken part: a statement, a member, or an expression that does something.
    pub(super) fn is_salvageable(self) -> bool {
        matches!(
            self,
            Kind::AbstractClassDeclaration
                | Kind::ArrowFunction
                | Kind::AssignmentExpression
                | Kind::AugmentedAssignment
                | Kind::AwaitExpression
                | Kind::BinaryExpression
                | Kind::BreakStatement
                | Kind::CallExpression
                | Kind::Class
                | Kind::ClassDeclaration
                | Kind::ContinueStatement
                | Kind::DoStatement
                | Kind::EnumDeclaration
                | Kind::ExportStatement
                | Kind::ExpressionStatement
                | Kind::ForInStatement
                | Kind::ForStatement
                | Kind::FunctionDeclaration
                | Kind::FunctionExpression
                | Kind::GeneratorFunction
                | Kind::GeneratorFunctionDeclaration
                | Kind::IfStatement
                | Kind::ImportAlias
                | Kind::ImportStatement
                | Kind::InterfaceDeclaration
                | Kind::InternalModule
                | Kind::JsxElement
                | Kind::JsxSelfClosing
                | Kind::LabeledStatement
                | Kind::LexicalDeclaration
                | Kind::MethodDefinition
                | Kind::Module
                | Kind::NewExpression
                | Kind::Object
                | Kind::ParenthesizedExpression
                | Kind::PublicField
                | Kind::ReturnStatement
                | Kind::StatementBlock
                | Kind::SwitchStatement
                | Kind::TernaryExpression
                | Kind::ThrowStatement
                | Kind::TryStatement
                | Kind::TypeAlias
                | Kind::VariableDeclaration
                | Kind::VariableDeclarator
                | Kind::WhileStatement
                | Kind::YieldExpression
        )
    }
}
